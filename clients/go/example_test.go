package modelwire_test

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/modelwire/modelwire/clients/go"
)

// quickstart teaches a server to tell three kinds of iris apart, and asks it about two flowers.
func quickstart(ctx context.Context, address string) error {
	client, err := modelwire.Dial(ctx, address)
	if err != nil {
		return err
	}
	defer client.Close()

	iris, err := modelwire.LoadCSV("../../tests/fixtures/data/iris.csv")
	if err != nil {
		return err
	}
	job, err := client.Train(ctx, "iris", modelwire.Training{
		Steps: modelwire.Steps("standard_scaler", "logistic_regression"),
		Data:  modelwire.Rows{Table: iris, Target: "species"},
	})
	if err != nil {
		return err
	}
	version, err := job.Wait(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s of %d flowers, accuracy %.2f\n", version.Kind, version.Samples, version.Metrics["accuracy"])

	flowers := [][]float64{{5.1, 3.5, 1.4, 0.2}, {6.3, 3.3, 6.0, 2.5}}
	prediction, err := client.Predict(ctx, version.Reference(), flowers)
	if err != nil {
		return err
	}
	fmt.Println(prediction.Labels.Texts())
	return nil
}

func Example() {
	address := cmp.Or(os.Getenv("MODELWIRE_ADDRESS"), "127.0.0.1:9090")
	if err := quickstart(context.Background(), address); err != nil {
		fmt.Println(err)
	}
	// Output:
	// classifier of 150 flowers, accuracy 1.00
	// [setosa virginica]
}
