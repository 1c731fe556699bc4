package modelwire

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// server is the program itself, on a port and in a folder of its own.
type server struct {
	address string
	process *os.Process
}

var announcement = regexp.MustCompile(` is listening on ([^,]*),`)

// start runs the server with these flags until the test ends, and waits until it listens.
func start(t *testing.T, flags ...string) server {
	t.Helper()
	command := modelwire(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, flags...)...)
	announced, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := new(strings.Builder)
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("the server's log:\n%s", log)
		}
	})
	for lines := bufio.NewScanner(announced); lines.Scan(); {
		if found := announcement.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, announced) }()
			return server{address: found[1], process: command.Process}
		}
	}
	t.Fatal("the server did not start")
	return server{}
}

func modelwire(t *testing.T, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.Context(), os.Getenv("MODELWIRE_BINARY"), arguments...)
	command.Dir = t.TempDir()
	return command
}

func (s server) connect(t *testing.T, options ...Option) *Client {
	t.Helper()
	client, err := New(s.address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// newToken makes a token with this role in a file, for the models with these names.
func newToken(t *testing.T, file, role, models string) string {
	t.Helper()
	made, err := modelwire(t, "tokens", "create", "the-"+role, "--role", role, "--models", models, "--file", file, "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(made, &answer); err != nil || answer.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	return answer.Token
}

func TestServerSpeaksTLSToClientsWithACertificateOnly(t *testing.T) {
	trust := newAuthority(t, "an authority")
	certificate, key := files(t, trust.server(t))
	server := start(t, "--tls-certificate", certificate, "--tls-key", key, "--tls-only",
		"--tls-client-ca", trust.file(t), "--tls-client-certificates", "required")
	shown := map[string]struct {
		certificates []tls.Certificate
		taken        bool
	}{
		"none":         {nil, false},
		"a stranger's": {[]tls.Certificate{newAuthority(t, "an authority").client(t)}, false},
		"a server's":   {[]tls.Certificate{trust.server(t)}, false},
		"a client's":   {[]tls.Certificate{trust.client(t)}, true},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, expected := range shown {
			t.Run(tls.VersionName(version)+"/"+name, func(t *testing.T) {
				config := trust.trusted()
				config.MaxVersion, config.Certificates = version, expected.certificates
				client := server.connect(t, WithTLS(config))

				_, err := client.Hello(t.Context(), "World")

				if expected.taken && err != nil || !expected.taken && !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	t.Run("no TLS", func(t *testing.T) {
		_, err := server.connect(t).Hello(t.Context(), "World")

		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "use modelwire.WithTLS") {
			t.Errorf("got %v", err)
		}
	})
}

func TestServerWithoutTLSIsNamed(t *testing.T) {
	_, err := Dial(t.Context(), start(t).address, WithTLS(nil))

	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "--tls-certificate") {
		t.Errorf("got %v", err)
	}
}

func TestServerKeepsAConnectionOfTLSForManyCalls(t *testing.T) {
	trust := newAuthority(t, "an authority")
	certificate, key := files(t, trust.server(t))
	server := start(t, "--tls-certificate", certificate, "--tls-key", key)
	client, err := Dial(t.Context(), server.address, WithTLS(trust.trusted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	first := client.calls.idle[0]

	for size := range 20 {
		payload := make([]byte, 1<<size)
		if got, err := client.Echo(t.Context(), payload); err != nil || len(got) != len(payload) {
			t.Fatalf("%d of %d bytes came back, and %v", len(got), len(payload), err)
		}
	}

	if last := client.calls.idle[0]; last != first {
		t.Error("another connection was made")
	}
}

func TestServerListensOnASocketInTheFileSystem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.sock")
	start(t, "--listen-unix", path)
	client, err := Dial(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	got, err := client.Echo(t.Context(), []byte("x"))

	if err != nil || string(got) != "x" {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestServerTakesTokensAndSaysWhatTheyDoNotAllow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens.toml")
	token := newToken(t, file, "trainer", "team-a-*")
	client := start(t, "--tokens", file).connect(t)
	alias := func(token, model string) error {
		_, err := client.SetAlias(t.Context(), model, "live", 1, WithToken(token))
		return err
	}
	outcomes := map[string]struct {
		err  error
		code Code
	}{
		"none":           {alias("", "team-a-churn"), ErrUnauthenticated},
		"a wrong one":    {alias(token+"x", "team-a-churn"), ErrUnauthenticated},
		"another's":      {alias(token, "team-b-churn"), ErrPermissionDenied},
		"a higher role":  {client.DeleteVersion(t.Context(), "team-a-churn", 1, WithToken(token)), ErrPermissionDenied},
		"one that holds": {alias(token, "team-a-churn"), ErrNotFound},
	}

	for name, outcome := range outcomes {
		failure := new(Error)
		if !errors.Is(outcome.err, outcome.code) || !errors.As(outcome.err, &failure) || failure.Execution != NotExecuted {
			t.Errorf("%s: got %#v", name, outcome.err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", outcome.err, failure, failure), token) {
			t.Errorf("%s: the error has the token", name)
		}
	}
	if _, err := client.Hello(t.Context(), "World"); err != nil {
		t.Errorf("hello needs no token, and got %v", err)
	}
}

func TestServerThatDrainsIsLeftAtOnce(t *testing.T) {
	server := start(t, "--server-lame-duck-ms", "60000")
	client := server.connect(t)
	if _, err := client.Hello(t.Context(), "World"); err != nil {
		t.Fatal(err)
	}
	before := len(client.calls.idle)
	if err := server.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}

	for status := (Status{Reason: "not told"}); !strings.Contains(status.Reason, "draining"); {
		var err error
		if status, err = client.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := client.Hello(t.Context(), "World"); err != nil || before != 1 || len(client.calls.idle) != 0 {
		t.Errorf("%d connections before, %d after, and %v", before, len(client.calls.idle), err)
	}
}

func TestServerRefusesInWordsWhatIsAboveItsLimit(t *testing.T) {
	client := start(t, "--server-max-frame-bytes", "2000").connect(t)

	_, err := client.Echo(t.Context(), make([]byte, 3000))

	if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "refused to read echo: message of 30") {
		t.Errorf("got %v", err)
	}
}
