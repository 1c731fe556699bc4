package io.modelwire.client;

/** State of a job. */
public enum JobState {
    /** It waits for its turn. */
    QUEUED(1),
    /** It trains. */
    RUNNING(2),
    /** It has published a version. */
    SUCCEEDED(3),
    /** It has ended with an error. */
    FAILED(4),
    /** Somebody cancelled it. */
    CANCELLED(5),
    /** A state that this client does not know. */
    UNKNOWN(0);

    private final int number;

    JobState(int number) {
        this.number = number;
    }

    static JobState ofNumber(int number) {
        for (var state : values()) {
            if (state.number == number) {
                return state;
            }
        }
        return UNKNOWN;
    }

    /**
     * Whether nothing will happen to the job any more.
     *
     * @return true if it has succeeded, failed or been cancelled
     */
    public boolean isEnd() {
        return this == SUCCEEDED || this == FAILED || this == CANCELLED;
    }
}
