// Command go plays the scenarios of tests/interop/scenarios.json against a running server, with the Go stubs or the Go
// client. tests/interop/README.md says what it takes and prints.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// scenarioTime is more than any scenario needs: one that hangs fails.
const scenarioTime = 2 * time.Minute

// settings are the flags.
type settings struct {
	address, scenarios, data, run, transport, protocol, client, results string
	// ca is empty without TLS, token if none is shown.
	ca, token   string
	multiplexed bool
}

func main() {
	settings, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed, err := play(settings)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || failed > 0 {
		os.Exit(1)
	}
}

func parse(arguments []string) (settings, error) {
	var chosen settings
	flags := flag.NewFlagSet("go", flag.ContinueOnError)
	flags.StringVar(&chosen.address, "address", "127.0.0.1:9090", "`host:port` or unix:/path of the server")
	flags.StringVar(&chosen.scenarios, "scenarios", "", "the `file` of scenarios")
	flags.StringVar(&chosen.data, "data", "", "the `folder` of the CSV files")
	flags.StringVar(&chosen.run, "run", "run", "what {run} stands for")
	flags.StringVar(&chosen.client, "client", "sdk", "generated or sdk")
	flags.StringVar(&chosen.transport, "transport", "", "of the generated client: "+strings.Join(transports, ", "))
	flags.StringVar(&chosen.protocol, "protocol", "", "of the generated client: binary, compact or json")
	flags.BoolVar(&chosen.multiplexed, "multiplexed", false, "generated client: call Service:method instead of method")
	flags.StringVar(&chosen.ca, "ca", "", "connect by TLS and trust the certificates of this `file`")
	flags.StringVar(&chosen.results, "results", "", "the `file` for what was predicted")
	if err := flags.Parse(arguments); err != nil {
		return chosen, err
	}
	chosen.token = os.Getenv("MODELWIRE_TOKEN") // not a flag: everybody on a machine sees those
	return chosen, chosen.check()
}

func (s settings) check() error {
	switch {
	case s.scenarios == "":
		return fmt.Errorf("--scenarios is missing")
	case s.client == "sdk":
		return s.checkSDK()
	case s.client == "generated":
		return s.checkWire()
	}
	return fmt.Errorf("no client %q; there are generated and sdk", s.client)
}

// checkSDK refuses what is not to be chosen with the SDK.
func (s settings) checkSDK() error {
	if s.transport != "" || s.protocol != "" || s.multiplexed {
		return fmt.Errorf("the SDK chooses its transport, its protocol and its names of methods itself")
	}
	return nil
}

// checkWire refuses what the libraries cannot do, with the reason.
func (s settings) checkWire() error {
	switch {
	case !slices.Contains(transports, s.transport):
		return fmt.Errorf("no transport %q; there are %s", s.transport, strings.Join(transports, ", "))
	case protocols[s.protocol] == nil:
		return fmt.Errorf("no protocol %q; there are binary, compact and json", s.protocol)
	case strings.Contains(s.transport, "theader") && s.protocol == "json":
		return fmt.Errorf("there is no JSON over %s: the header says by a number what it carries, and JSON has none", s.transport)
	case strings.HasPrefix(s.transport, "ttheader") && (s.protocol != "binary" || s.multiplexed):
		return fmt.Errorf("TTHeader carries binary with bare method names only: that is what Kitex sends")
	case s.unixPath() != "" && s.ca != "":
		return fmt.Errorf("the Go library has no TLS on a Unix socket: it takes the name for the certificate from host:port")
	}
	return nil
}

// play plays all scenarios, each on a connection of its own, and answers how many failed.
func play(settings settings) (failed int, err error) {
	scenarios, err := load(settings.scenarios)
	if err != nil {
		return 0, err
	}
	recorded := map[string]any{}
	for _, scenario := range scenarios {
		if err := playOne(settings, scenario, recorded); err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n", scenario.Name, err)
		} else {
			fmt.Printf("ok %s\n", scenario.Name)
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(scenarios)-failed, failed)
	if settings.results == "" {
		return failed, nil
	}
	text, err := json.MarshalIndent(recorded, "", "  ")
	if err != nil {
		return failed, err
	}
	return failed, os.WriteFile(settings.results, append(text, '\n'), 0o644)
}

func playOne(settings settings, scenario scenario, recorded map[string]any) error {
	ctx, cancel := context.WithTimeout(context.Background(), scenarioTime)
	defer cancel()
	client, err := connect(ctx, settings)
	if err != nil {
		return err
	}
	defer client.close()
	game := &game{settings: settings, client: client, scenario: scenario.Name, recorded: recorded}
	for number, step := range scenario.Steps {
		if err := game.step(ctx, step); err != nil {
			return fmt.Errorf("step %d: %w", number+1, err)
		}
	}
	return nil
}

func connect(ctx context.Context, settings settings) (client, error) {
	if settings.client == "sdk" {
		return connectSDK(ctx, settings)
	}
	return connectGenerated(settings)
}
