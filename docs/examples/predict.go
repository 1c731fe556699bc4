// Predict predicts every row of a CSV file and prints one number a line: predict MODEL ROWS.csv.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/modelwire/modelwire/clients/go"
)

func main() {
	ctx := context.Background()
	client, err := modelwire.Dial(ctx, cmp.Or(os.Getenv("MODELWIRE_ADDRESS"), "127.0.0.1:9090"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	rows, err := modelwire.LoadCSV(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	prediction, err := client.PredictTable(ctx, os.Args[1], rows)
	if err != nil {
		log.Fatal(err)
	}
	for _, value := range prediction.Values {
		fmt.Println(value)
	}
}
