"""Web interfaces of others in a real browser, on the gateway's interfaces.

- *Flood* is a Node program of the npm registry. It uses the Web API of qBittorrent, or the RPC of Transmission.
- *Transmission's files* are those of Debian's package. The gateway serves them.
- A *page* is how people use one of these interfaces. The *walk* is the same for all pages.
"""
