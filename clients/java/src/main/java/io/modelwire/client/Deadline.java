package io.modelwire.client;

import java.time.Duration;

/** The moment after which a caller waits no longer, on the clock of {@link System#nanoTime()}. */
record Deadline(long nanoTime) {
    /** Longer than anybody waits, and short enough for {@code nanoTime} to stay comparable. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    static Deadline after(Duration timeout) {
        var bounded = timeout.compareTo(LONGEST) < 0 ? timeout : LONGEST;
        return new Deadline(System.nanoTime() + bounded.toNanos());
    }

    Deadline orSooner(Duration timeout) {
        var other = after(timeout);
        return other.nanoTime - nanoTime < 0 ? other : this;
    }

    Duration remaining() {
        return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
    }

    /** Rounded up, so that 0 means that it has passed. */
    long remainingMillis() {
        return remaining().plusNanos(999_999).toMillis();
    }

    boolean hasPassed() {
        return remaining().isZero();
    }
}
