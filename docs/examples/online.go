// Online teaches a network batch by batch, watches its loss fall, and predicts meanwhile.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"github.com/modelwire/modelwire/clients/go"
)

// batch is random rows of 8 features, and what is to be learned of them.
func batch(random *rand.Rand, samples int) (features [][]float64, targets []float64) {
	for range samples {
		row := make([]float64, 8)
		for column := range row {
			row[column] = random.NormFloat64()
		}
		features = append(features, row)
		targets = append(targets, 2*row[0]-row[1]+0.5*math.Abs(row[2])+row[7])
	}
	return features, targets
}

func main() {
	ctx := context.Background()
	client, err := modelwire.Dial(ctx, cmp.Or(os.Getenv("MODELWIRE_ADDRESS"), "127.0.0.1:9090"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	network := modelwire.Step{Algorithm: "mlp_regressor", Parameters: modelwire.Parameters{
		"hidden_layer_sizes": []int{10, 20}, "activation": "relu", "learning_rate_init": 0.01,
	}}
	random, every := rand.New(rand.NewPCG(7, 7)), int64(10)
	var first, last float64
	for range 150 {
		features, targets := batch(random, 200)
		learned, err := client.PartialFit(ctx, "online-go", modelwire.Batch{
			Steps:        []modelwire.Step{network},
			Data:         modelwire.Arrays{Features: features, Target: modelwire.Floats("y", targets...)},
			PublishEvery: &every,
		})
		if err != nil {
			log.Fatal(err)
		}
		if learned.Number == 1 {
			first = learned.Loss
		}
		if last = learned.Loss; learned.Version > 0 {
			fmt.Printf("batch %d: loss %.4f, version %d\n", learned.Number, learned.Loss, learned.Version)
		}
	}
	if !(last < first/10) {
		log.Fatalf("the loss fell from %v to %v only", first, last)
	}

	features, targets := batch(random, 3)
	prediction, err := client.Predict(ctx, "online-go", features)
	if err != nil {
		log.Fatal(err)
	}
	for row, value := range prediction.Values {
		fmt.Printf("%.2f, predicted by version %d as %.2f\n", targets[row], prediction.Version, value)
	}
}
