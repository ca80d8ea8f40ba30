"""The preferences of the web interface. They show keys of `[gateway]`, and clients cannot change them. Pure."""

from typing import Final

from gateway.config.gateway_config import Config, address_of
from gateway.qbittorrent.preferences.row import configured, fixed


def _domains(config: Config) -> str:
    return ";".join(config.gateway.allowed_hosts) or "*"


WEB: Final = (
    configured("web_ui_domain_list", _domains),
    configured("web_ui_address", lambda config: address_of(config.gateway.listen)[0]),
    configured("web_ui_port", lambda config: address_of(config.gateway.listen)[1]),
    fixed("web_ui_upnp", False),
    configured("use_https", lambda config: config.gateway.tls_certificate is not None),
    configured("web_ui_https_cert_path", lambda config: config.gateway.tls_certificate or ""),
    configured("web_ui_https_key_path", lambda config: config.gateway.tls_key or ""),
    configured("web_ui_username", lambda config: config.gateway.username),
    fixed("bypass_local_auth", False),
    fixed("bypass_auth_subnet_whitelist_enabled", False),
    fixed("bypass_auth_subnet_whitelist", ""),
    configured("web_ui_max_auth_fail_count", lambda config: config.gateway.max_failed_logins),
    configured("web_ui_ban_duration", lambda config: config.gateway.ban_s),
    configured("web_ui_session_timeout", lambda config: config.gateway.session_timeout_s),
    configured("alternative_webui_enabled", lambda config: config.gateway.webui_dir is not None),
    configured("alternative_webui_path", lambda config: config.gateway.webui_dir or ""),
    fixed("web_ui_clickjacking_protection_enabled", True),
    fixed("web_ui_csrf_protection_enabled", True),
    fixed("web_ui_secure_cookie_enabled", True),
    fixed("web_ui_host_header_validation_enabled", True),
    fixed("web_ui_use_custom_http_headers_enabled", False),
    fixed("web_ui_custom_http_headers", ""),
    configured("web_ui_reverse_proxy_enabled", lambda config: bool(config.gateway.trusted_proxies)),
    configured("web_ui_reverse_proxies_list", lambda config: ";".join(config.gateway.trusted_proxies)),
    fixed("dyndns_enabled", False),
    fixed("dyndns_service", 0),
    fixed("dyndns_username", ""),
    fixed("dyndns_password", ""),
    fixed("dyndns_domain", "changeme.dyndns.org"),
    fixed("ignore_ssl_errors", False),
)
"""The preferences of the web interface."""
