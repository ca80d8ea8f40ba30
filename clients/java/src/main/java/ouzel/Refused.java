package ouzel;

import java.util.Map;

/** The daemon answered with an error. Branch on {@code name}; the message is for people. */
public final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    public final long code;
    public final String name;
    /** When the same request may succeed: "never", "later" or "resnapshot". */
    public final String retry;
    /** How long to wait before that; half a second where the daemon does not say. */
    public final long retryAfterMs;

    Refused(Map<String, Object> error) {
        super(Wire.textOf(error.get("name")) + ": " + Wire.textOf(error.get("message")));
        code = Wire.integerOf(error.get("code"));
        name = Wire.textOf(error.get("name"));
        retry = Wire.textOf(error.get("retry"));
        retryAfterMs = error.get("retry_after_ms") instanceof Long asked ? asked : 500;
    }
}
