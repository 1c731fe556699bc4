package io.modelwire.client;

import java.util.Locale;

/** The methods of the IDL that this client calls, with their annotation {@code idempotent}. */
enum Method {
    HELLO(Repeat.SAFE),
    STATUS(Repeat.SAFE),
    DESCRIBE(Repeat.SAFE),
    ECHO(Repeat.SAFE),
    PREDICT(Repeat.SAFE),
    PREDICT_MANY(Repeat.SAFE),
    EXPLAIN(Repeat.SAFE),
    LIST_MODELS(Repeat.SAFE),
    DESCRIBE_MODEL(Repeat.SAFE),
    GET_TRAINING_RESULT(Repeat.SAFE),
    EXPORT_MODEL(Repeat.SAFE),
    LOAD_MODEL(Repeat.SAFE),
    UNLOAD_MODEL(Repeat.SAFE),
    SET_ALIAS(Repeat.UNSAFE),
    DELETE_VERSION(Repeat.UNSAFE),
    TRAIN(Repeat.UNSAFE),
    GET_JOB(Repeat.SAFE),
    WATCH_JOB(Repeat.SAFE),
    LIST_JOBS(Repeat.SAFE),
    CANCEL_JOB(Repeat.SAFE),
    PARTIAL_FIT(Repeat.UNSAFE),
    GET_LEARNER(Repeat.SAFE),
    DELETE_LEARNER(Repeat.UNSAFE),
    SEARCH(Repeat.UNSAFE),
    GET_SEARCH_RESULT(Repeat.SAFE),
    EVALUATE(Repeat.SAFE),
    PERMUTATION_IMPORTANCE(Repeat.SAFE),
    CREATE_DATASET(Repeat.UNSAFE),
    APPEND_ROWS(Repeat.SAFE),
    COMMIT_DATASET(Repeat.SAFE),
    DESCRIBE_DATASET(Repeat.SAFE),
    LIST_DATASETS(Repeat.SAFE),
    DELETE_DATASET(Repeat.UNSAFE);

    /** Whether calling it twice does what calling it once does. */
    enum Repeat { SAFE, UNSAFE }

    private final Repeat repeat;

    Method(Repeat repeat) {
        this.repeat = repeat;
    }

    Repeat repeat() {
        return repeat;
    }

    /** As the IDL spells it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
