package io.modelwire.interop;

/** A step answered something else than it should. */
final class Mismatch extends Exception {
    private static final long serialVersionUID = 1L;

    Mismatch(String message) {
        super(message);
    }

    @Override
    public String toString() {
        return getMessage();
    }
}
