package ouzel;

/** No reply came in time: nobody is there, or a mutation may still take effect. */
public final class NoAnswer extends Exception {
    private static final long serialVersionUID = 1;

    NoAnswer() {
        super("no answer");
    }
}
