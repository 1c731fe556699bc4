package io.modelwire.client;

import io.modelwire.wire.AppendRowsRequest;
import io.modelwire.wire.CommitDatasetRequest;
import io.modelwire.wire.CreateDatasetRequest;
import io.modelwire.wire.DeleteDatasetRequest;
import io.modelwire.wire.DescribeDatasetRequest;
import io.modelwire.wire.ListDatasetsRequest;
import java.util.stream.Stream;

/** Calls of the service Datasets; {@link ModelwireClient} says what each does. */
record DatasetCalls(Caller caller) {

    /** Piece by piece. {@code idempotencyKey} is that of the upload as a whole; null: only tries of one call have one in common. */
    Dataset upload(String name, Table table, int maxRowsPerPiece, String idempotencyKey) {
        var pieces = new Pieces(table, maxRowsPerPiece);
        // Before the upload is opened: a first piece that is wrong leaves nothing behind. There is one, for a table has rows.
        var first = pieces.next();
        var uploadId = create(name, idempotencyKey);
        append(uploadId, 0, first);
        while (pieces.hasNext()) {
            long offset = pieces.from();
            append(uploadId, offset, pieces.next());
        }
        return commit(uploadId, table.size());
    }

    private String create(String name, String idempotencyKey) {
        return caller.callOnce(Method.CREATE_DATASET, idempotencyKey, (to, context) ->
                to.datasets().create_dataset(new CreateDatasetRequest().setContext(context).setName(name))).getUpload_id();
    }

    private void append(String uploadId, long offset, Table piece) {
        var rows = WireTables.encode(piece);
        long crc32 = WireTables.crc32(rows);
        caller.call(Method.APPEND_ROWS, (to, context) -> to.datasets().append_rows(new AppendRowsRequest()
                .setContext(context).setUpload_id(uploadId).setOffset(offset).setTable(rows).setCrc32(crc32)));
    }

    private Dataset commit(String uploadId, long nRows) {
        return Replies.dataset(caller.call(Method.COMMIT_DATASET, (to, context) -> to.datasets().commit_dataset(
                new CommitDatasetRequest().setContext(context).setUpload_id(uploadId).setN_rows(nRows))).getDataset());
    }

    DatasetDescription describe(String reference) {
        return Replies.datasetDescription(caller.call(Method.DESCRIBE_DATASET, (to, context) ->
                to.datasets().describe_dataset(new DescribeDatasetRequest().setContext(context).setDataset(reference))));
    }

    Stream<Dataset> list() {
        return Pages.stream(after -> {
            var page = caller.call(Method.LIST_DATASETS,
                    (to, context) -> to.datasets().list_datasets(new ListDatasetsRequest().setContext(context).setAfter(after)));
            return new Pages.Page<>(Replies.each(page.datasets, Replies::dataset), page.next_page);
        });
    }

    void delete(String name) {
        delete(new DeleteDatasetRequest().setName(name));
    }

    void delete(String name, long version) {
        delete(new DeleteDatasetRequest().setName(name).setVersion(version));
    }

    private void delete(DeleteDatasetRequest request) {
        caller.call(Method.DELETE_DATASET, (to, context) -> to.datasets().delete_dataset(request.setContext(context)));
    }
}
