package io.modelwire.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A client of one Modelwire server.
 *
 * <p>Close it when you are done with it. Reuse it: it keeps its connections. Threads may share it.
 *
 * <p>Every method throws a {@link ModelwireException}: the subclasses that its own text names, {@link
 * ModelwireException.Unavailable} if the server cannot be reached, {@link ModelwireException.DeadlineExceeded} if it does not
 * answer in time. A call that was certainly not run is repeated, at most twice and never past its time-out; one that may have
 * been run is repeated only after a lost connection and only if running it twice does no harm. {@link #train} and {@link
 * #upload(String, Table)} are among these, for the server knows their repetitions by a key.
 */
public final class ModelwireClient implements AutoCloseable {
    private final Address address;
    private final Options options;
    private final ConnectionPool pool;
    private final HealthCalls health;
    private final InferenceCalls inference;
    private final TrainingCalls jobs;
    private final ModelCalls models;
    private final DatasetCalls datasets;

    ModelwireClient(Address address, Options options, ConnectionPool pool) {
        this.address = address;
        this.options = options;
        this.pool = pool;
        var caller = new Caller(pool, options);
        this.health = new HealthCalls(caller);
        this.inference = new InferenceCalls(caller);
        this.jobs = new TrainingCalls(caller);
        this.models = new ModelCalls(caller);
        this.datasets = new DatasetCalls(caller);
    }

    /**
     * A client with the defaults of {@link ClientBuilder}. It connects with its first call.
     *
     * @param address {@code host:port}
     * @return the client
     * @throws ModelwireException.InvalidArgument if that is no address
     */
    public static ModelwireClient connect(String address) {
        return builder(address).build();
    }

    /**
     * Starts a client with options.
     *
     * @param address {@code host:port}
     * @return what options are set on
     * @throws ModelwireException.InvalidArgument if that is no address
     */
    public static ClientBuilder builder(String address) {
        return new ClientBuilder(Address.parse(address));
    }

    /**
     * The same client with another time-out for its calls: {@code client.withTimeout(Duration.ofMillis(50)).predict(…)}. It
     * shares the connections; closing either closes both.
     *
     * @param callTimeout how long each call may take, retries included
     * @return the client to make such calls with
     */
    public ModelwireClient withTimeout(Duration callTimeout) {
        return new ModelwireClient(address, options.withCallTimeout(callTimeout), pool);
    }

    /**
     * The same client for calls of somebody else. It shares the connections; closing either closes both.
     *
     * @param token what shows who calls; null shows nothing
     * @return the client to make such calls with
     */
    public ModelwireClient withToken(String token) {
        return new ModelwireClient(address, options.withToken(token), pool);
    }

    /**
     * The same client for calls under a name: {@code client.withRequestId("r-17").predict(…)}. It shares the connections;
     * closing either closes both.
     *
     * @param requestId at most 128 characters; they come back in errors and stand in the server's log
     * @return the client to make such calls with
     */
    public ModelwireClient withRequestId(String requestId) {
        return new ModelwireClient(address, options.withRequestId(requestId), pool);
    }

    /**
     * Closes the connections. Calls that run end first; later ones throw an {@link IllegalStateException}. Closing twice does
     * no harm.
     */
    @Override
    public void close() {
        pool.close();
    }

    // The server

    /**
     * Greets the world.
     *
     * @return what the server says
     */
    public Greeting hello() {
        return hello("World");
    }

    /**
     * Greets.
     *
     * @param name whom to greet, at most 256 characters
     * @return what the server says
     * @throws ModelwireException.InvalidArgument if the name is too long
     */
    public Greeting hello(String name) {
        return health.hello(name);
    }

    /**
     * Answers whether the server and each model are live and ready.
     *
     * @return how the server is
     */
    public ServerStatus status() {
        return health.status();
    }

    /**
     * Answers version, limits, methods, and the algorithms with their hyper-parameters.
     *
     * @return what the server can do
     */
    public ServerDescription describe() {
        return health.describe();
    }

    /**
     * Sends bytes there and back: for measuring latency and bandwidth.
     *
     * @param payload any bytes
     * @return the same bytes
     */
    public byte[] echo(byte[] payload) {
        return health.echo(payload);
    }

    // Predictions

    /**
     * Answers one prediction for each row of a matrix.
     *
     * <p>Rows of more than 8 MiB travel in several calls, a few of them at once, all within the time-out. The version that
     * answers the first row answers all of them, though an alias may move meanwhile.
     *
     * @param model {@code "churn"} (its alias {@code stable}), {@code "churn@3"}, {@code "churn@canary"} or {@code "churn@latest"}
     * @param rows shape (n, n_features), columns in the model's order
     * @return n predictions
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if rows differ in length, or do not fit the model
     */
    public Prediction predict(String model, double[][] rows) {
        return inference.predict(model, Rows.of(rows));
    }

    /**
     * Answers one prediction for each row of a matrix, sent in half the bytes.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param rows shape (n, n_features), columns in the model's order
     * @return n predictions
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if rows differ in length, or do not fit the model
     */
    public Prediction predict(String model, float[][] rows) {
        return inference.predict(model, Rows.of(rows));
    }

    /**
     * Answers a prediction for one row.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param row shape (n_features), in the model's order
     * @return one prediction
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if the row does not fit the model
     */
    public Prediction predict(String model, double[] row) {
        return predict(model, new double[][] {row});
    }

    /**
     * Answers one prediction for each row of a table.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param table all columns of the model and no others, in any order
     * @return n predictions
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if the columns do not fit the model
     */
    public Prediction predict(String model, Table table) {
        return inference.predict(model, Rows.of(table));
    }

    /**
     * Answers independent requests in one call. An error of one of them changes no other, and is not tried again.
     *
     * @param requests at most 1,000, of any models
     * @return an outcome for each, in their order
     * @throws ModelwireException.InvalidArgument if there are more requests, or all take more than a call or its reply holds
     */
    public List<PredictionOutcome> predictMany(List<PredictionRequest> requests) {
        return inference.predictMany(requests);
    }

    /**
     * Answers what each column adds to the answers of {@link #predict(String, double[][])}: of a linear model the column times its
     * coefficient, of a tree or a forest the Shapley value. All rows travel in one call.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param rows shape (n, n_features), columns in the model's order
     * @return what the columns add, for n rows
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.FailedPrecondition if the answers of the model are no sums over columns: it is neither linear, nor
     *     a tree, nor a forest
     * @throws ModelwireException.InvalidArgument if rows differ in length, do not fit the model, or are too many for a call or its
     *     reply, which says how many a call may have
     */
    public Explanation explain(String model, double[][] rows) {
        return inference.explain(model, Rows.of(rows));
    }

    /**
     * Answers what each column adds, of a matrix that is sent in half the bytes.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param rows shape (n, n_features), columns in the model's order
     * @return what the columns add, for n rows
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.FailedPrecondition as in {@link #explain(String, double[][])}
     * @throws ModelwireException.InvalidArgument as in {@link #explain(String, double[][])}
     */
    public Explanation explain(String model, float[][] rows) {
        return inference.explain(model, Rows.of(rows));
    }

    /**
     * Answers what each column adds to the answer to one row.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param row shape (n_features), in the model's order
     * @return what the columns add, for one row
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.FailedPrecondition as in {@link #explain(String, double[][])}
     * @throws ModelwireException.InvalidArgument if the row does not fit the model
     */
    public Explanation explain(String model, double[] row) {
        return explain(model, new double[][] {row});
    }

    /**
     * Answers what each column adds, of the rows of a table.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param table all columns of the model and no others, in any order
     * @return what the columns add, for n rows
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.FailedPrecondition as in {@link #explain(String, double[][])}
     * @throws ModelwireException.InvalidArgument if the columns do not fit the model, or the rows are too many for a call or its reply
     */
    public Explanation explain(String model, Table table) {
        return inference.explain(model, Rows.of(table));
    }

    // Training

    /**
     * Starts training. It goes on at the server, also over a restart of it.
     *
     * @param model name of the model to publish a version of: a letter, then at most 63 letters, digits, {@code _ . -}
     * @param training steps, rows and target
     * @return the job; {@link Job#await()} waits for the version
     * @throws ModelwireException.InvalidArgument if a name, step, hyper-parameter, column or value is wrong, or the rows are too
     *     many for one call
     * @throws ModelwireException.NotFound if there is no such data set
     * @throws ModelwireException.Overloaded if too many jobs wait
     */
    public Job train(String model, Training training) {
        return new Job(this, jobs.train(model, training).id());
    }

    /**
     * Starts a search for hyper-parameters by cross-validation.
     *
     * @param model as in {@link #train}; the name of what is published
     * @param search what to try, and how to measure it
     * @return the job; {@link Job#searchResult()} waits for the table
     * @throws ModelwireException.InvalidArgument as {@link #train}, and for more fits than a search takes, or for what is searched,
     *     folds or scoring
     * @throws ModelwireException.NotFound if there is no such data set
     * @throws ModelwireException.Overloaded if too many jobs wait
     */
    public Job search(String model, Search search) {
        return new Job(this, jobs.search(model, search).id());
    }

    /**
     * Answers the table of a search that has ended.
     *
     * @param id the job's id
     * @return the candidates, best first
     * @throws ModelwireException.NotFound if there is no such job
     * @throws ModelwireException.FailedPrecondition if the job is no search, has not ended, or ended before all candidates were
     *     measured
     */
    public SearchResult searchResult(String id) {
        return jobs.searchResult(id);
    }

    /**
     * Answers what a model is worth on rows whose targets are known.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param rows the rows, and which columns say what
     * @return metrics with scikit-learn's values
     * @throws ModelwireException.InvalidArgument if a column or value is wrong, or the rows are too many for one call
     * @throws ModelwireException.NotFound if there is no such model or data set
     */
    public Evaluation evaluate(String model, EvaluationRequest rows) {
        return jobs.evaluate(model, rows);
    }

    /**
     * Answers by how much a score of a model falls when the values of one column are shuffled among the rows, of each column
     * that the model takes. Every shuffle predicts all rows: give a client that asks for many of them time.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param asked the rows, the score, and how they are shuffled
     * @return a row of importances for each column
     * @throws ModelwireException.InvalidArgument if a column, value or score is wrong, or the rows are too many for one call
     * @throws ModelwireException.NotFound if there is no such model or data set
     */
    public PermutationImportance permutationImportance(String model, ImportanceRequest asked) {
        return jobs.importance(model, asked);
    }

    /**
     * A job that was started before, here or elsewhere.
     *
     * @param id the job's id
     * @return the job; nothing is asked yet
     */
    public Job job(String id) {
        return new Job(this, id);
    }

    /**
     * Answers a job as it is now.
     *
     * @param id the job's id
     * @return its status
     * @throws ModelwireException.NotFound if there is no such job
     */
    public JobStatus getJob(String id) {
        return jobs.get(id);
    }

    /**
     * Follows a job until it has ended, whichever way.
     *
     * @param id the job's id
     * @param wait how long to wait
     * @param onEvent is called for each event, in order, by the waiting thread
     * @return the job as it ended
     * @throws ModelwireException.NotFound if there is no such job
     * @throws ModelwireException.DeadlineExceeded if it has not ended by then; it goes on
     */
    public JobStatus watchJob(String id, Duration wait, Consumer<JobEvent> onEvent) {
        try (var watch = new JobWatch(address, options, id)) {
            return watch.untilEnd(wait, onEvent);
        }
    }

    /**
     * Answers the jobs, newest first. The stream asks for more as it is read.
     *
     * @return the jobs as they are when they are read
     */
    public Stream<JobStatus> listJobs() {
        return jobs.list();
    }

    /**
     * Cancels a job that waits or runs.
     *
     * @param id the job's id
     * @return its status; that of its end if it had ended before
     * @throws ModelwireException.NotFound if there is no such job
     */
    public JobStatus cancelJob(String id) {
        return jobs.cancel(id);
    }

    /**
     * Lets a model learn from a batch of rows. The first batch of a model makes its learner and needs a step and a target.
     *
     * @param model name of the model
     * @param batch the rows
     * @return what was learned, which is durable then
     * @throws ModelwireException.InvalidArgument if a name, step, hyper-parameter, column, class or value is wrong
     * @throws ModelwireException.NotFound if there is no learner and no step
     * @throws ModelwireException.FailedPrecondition if another batch is expected, or not all classes were seen
     * @throws ModelwireException.Overloaded if too many calls wait
     */
    public LearnedBatch partialFit(String model, Batch batch) {
        return jobs.partialFit(model, batch);
    }

    /**
     * Answers how a learner is.
     *
     * @param model name of the model
     * @return the learner as it is now
     * @throws ModelwireException.NotFound if there is none
     */
    public Learner getLearner(String model) {
        return jobs.learner(model);
    }

    /**
     * Deletes a learner; the versions that it published stay.
     *
     * @param model name of the model
     * @throws ModelwireException.NotFound if there is none
     */
    public void deleteLearner(String model) {
        jobs.deleteLearner(model);
    }

    // Models

    /**
     * Answers the models by name. The stream asks for more as it is read.
     *
     * @return the models with their versions and aliases
     */
    public Stream<ModelSummary> listModels() {
        return models.list();
    }

    /**
     * Answers what a version takes, how it was made and how well it fits.
     *
     * @param reference as in {@link #predict(String, double[][])}
     * @return the version
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if that is no reference
     */
    public ModelVersion describeModel(String reference) {
        return models.describe(reference);
    }

    /**
     * Answers what a transductive model, such as one of dbscan, made of the rows that it was trained on. A large result comes in
     * several calls, all of one version.
     *
     * @param reference as in {@link #predict(String, double[][])}
     * @return a label or a place for each row, in the order of training
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.FailedPrecondition if the model answers {@code predict} instead
     */
    public TrainingResult trainingResult(String reference) {
        return models.trainingResult(reference);
    }

    /**
     * Answers a version as an ONNX file, from which onnxruntime and others compute the same predictions. A large file comes in
     * several calls, all of one version.
     *
     * @param reference as in {@link #predict(String, double[][])}
     * @return the file
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.FailedPrecondition if a step of the model cannot be written
     */
    public ExportedModel exportOnnx(String reference) {
        return models.export(reference, "onnx");
    }

    /**
     * Points an alias at a version, whatever it names now.
     *
     * @param model name of the model
     * @param alias name of the alias, not {@code latest}
     * @param version the version that it shall name; 0 removes the alias (never {@code stable})
     * @return the alias as it is now; empty if it was removed
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.InvalidArgument if that is no name for an alias
     * @throws ModelwireException.FailedPrecondition if {@code stable} would be removed
     */
    public Optional<Alias> setAlias(String model, String alias, long version) {
        return models.setAlias(model, alias, version);
    }

    /**
     * Points an alias at a version, if it is still as the caller has seen it.
     *
     * @param model name of the model
     * @param alias name of the alias, not {@code latest}
     * @param version the version that it shall name; 0 removes the alias (never {@code stable})
     * @param expectedGeneration {@link Alias#generation()} as seen, 0 for an alias that is new
     * @return the alias as it is now; empty if it was removed
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.InvalidArgument if that is no name for an alias
     * @throws ModelwireException.FailedPrecondition if somebody else has set it since, or {@code stable} would be removed
     */
    public Optional<Alias> setAlias(String model, String alias, long version, long expectedGeneration) {
        return models.setAlias(model, alias, version, expectedGeneration);
    }

    /**
     * Serves a version that is on disk, from now on and after a restart.
     *
     * @param model name of the model
     * @param version its version
     * @return the bytes that it takes
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.FailedPrecondition if there is no room for it, or it is damaged
     */
    public long loadModel(String model, long version) {
        return models.load(model, version);
    }

    /**
     * Serves a version that is on disk as {@link #loadModel} does, but where there is no room other versions of the model that
     * no alias names are unloaded first, lowest first.
     *
     * @param model name of the model
     * @param version its version
     * @return the bytes that it takes
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.FailedPrecondition if there is no room for it even so, or it is damaged
     */
    public long replaceModel(String model, long version) {
        return models.replace(model, version);
    }

    /**
     * Serves a version no more, until {@link #loadModel}; it stays on disk, and calls that have begun are answered.
     *
     * @param model name of the model
     * @param version its version
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.FailedPrecondition if an alias names it
     */
    public void unloadModel(String model, long version) {
        models.unload(model, version);
    }

    /**
     * Deletes a version for good.
     *
     * @param model name of the model
     * @param version its version
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.FailedPrecondition if an alias names it
     */
    public void deleteVersion(String model, long version) {
        models.deleteVersion(model, version);
    }

    // Data sets

    /**
     * Stores a table as a new version of a data set, in pieces of at most 8 MiB. The time-out is that of each piece.
     *
     * @param name name of the data set: a letter, then at most 63 letters, digits, {@code _ . -}
     * @param table the rows
     * @return the version
     * @throws ModelwireException.InvalidArgument if that is no name
     * @throws ModelwireException.Overloaded if too many uploads are open
     */
    public Dataset upload(String name, Table table) {
        return upload(name, table, Integer.MAX_VALUE);
    }

    /**
     * Stores a table as a new version of a data set, in pieces of at most 8 MiB and so many rows.
     *
     * @param name as in {@link #upload(String, Table)}
     * @param table the rows
     * @param maxRowsPerPiece at least 1
     * @return the version; it does not depend on the pieces
     * @throws ModelwireException.InvalidArgument if that is no name
     * @throws ModelwireException.Overloaded if too many uploads are open
     */
    public Dataset upload(String name, Table table, int maxRowsPerPiece) {
        return datasets.upload(name, table, maxRowsPerPiece, null);
    }

    /**
     * Stores a table as a new version of a data set under a key by which the server knows a repetition.
     *
     * @param name as in {@link #upload(String, Table)}
     * @param table the rows
     * @param maxRowsPerPiece at least 1
     * @param idempotencyKey at most 128 characters; a later upload of the same rows with the same key goes on with the first
     *     one, as long as that is not complete
     * @return the version; it does not depend on the pieces
     * @throws ModelwireException.InvalidArgument if that is no name, or the key belongs to a data set of another name
     * @throws ModelwireException.FailedPrecondition if the upload with this key is complete
     * @throws ModelwireException.Overloaded if too many uploads are open
     */
    public Dataset upload(String name, Table table, int maxRowsPerPiece, String idempotencyKey) {
        return datasets.upload(name, table, maxRowsPerPiece, idempotencyKey);
    }

    /**
     * Stores a CSV file as a new version of a data set.
     *
     * @param name as in {@link #upload(String, Table)}
     * @param csv as in {@link Table#csv(Path)}
     * @return the version
     * @throws ModelwireException.InvalidArgument if that is no name, or the file is not well formed
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public Dataset upload(String name, Path csv) {
        return upload(name, Table.csv(csv));
    }

    /**
     * Answers schema and statistics of a data set.
     *
     * @param reference {@code "wine"} (newest version) or {@code "wine@2"}
     * @return the version and what is in its columns
     * @throws ModelwireException.NotFound if there is no such data set or version
     * @throws ModelwireException.InvalidArgument if that is no reference
     */
    public DatasetDescription describeDataset(String reference) {
        return datasets.describe(reference);
    }

    /**
     * Answers the data sets, by name and then by version. The stream asks for more as it is read.
     *
     * @return the data sets
     */
    public Stream<Dataset> listDatasets() {
        return datasets.list();
    }

    /**
     * Deletes all versions of a data set.
     *
     * @param name name of the data set
     * @throws ModelwireException.NotFound if there is none
     */
    public void deleteDataset(String name) {
        datasets.delete(name);
    }

    /**
     * Deletes a version of a data set.
     *
     * @param name name of the data set
     * @param version its version
     * @throws ModelwireException.NotFound if there is none
     */
    public void deleteDataset(String name, long version) {
        datasets.delete(name, version);
    }
}
