// Package modelwire trains models on a Modelwire server, asks them for predictions and manages their versions.
//
// Close a [Client] when you are done with it, usually with defer. Make one and reuse it: it keeps its connections, and
// a new connection costs more than most predictions. Goroutines may share it.
//
//	client, err := modelwire.Dial(ctx, "127.0.0.1:9090")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	prediction, err := client.Predict(ctx, "churn", [][]float64{{42, 1, 0.5}})
//	if errors.Is(err, modelwire.ErrNotFound) {
//		return train(ctx, client)
//	}
//
// Each call ends at the deadline of its context or after its own time limit (30 seconds, [WithTimeout]), whichever is
// sooner; the server is told how much time is left and drops work that would be late. Cancelling the context closes the
// connection in use.
//
// Every error is an [*Error]; [Code] lists what to compare it with.
package modelwire
