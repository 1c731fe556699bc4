package modelwire

import (
	"crypto/x509"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnAddressIsAHostWithAPortOrAPath(t *testing.T) {
	addresses := map[string]address{
		"models.example:9090": {network: "tcp", place: "models.example:9090", host: "models.example"},
		"[::1]:9090":          {network: "tcp", place: "[::1]:9090", host: "::1"},
		":9090":               {network: "tcp", place: ":9090", host: "localhost"},
		"unix:/run/m.sock":    {network: "unix", place: "/run/m.sock"},
		"unix:m.sock":         {network: "unix", place: "m.sock"},
	}
	for text, expected := range addresses {
		expected.text = text

		got, err := addressOf(text)

		if err != nil || got != expected {
			t.Errorf("%q: got %+v and %v", text, got, err)
		}
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, text := range []string{"", "localhost", "unix:", "/run/m.sock", "http://localhost:9090", "::1:9090"} {
		if _, err := New(text); !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), "unix:/path") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestAServerCanBeASocketInTheFileSystem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.sock")
	server := newFakeOn(t, "unix", path, greeter(nil))
	client := server.connect(t)

	for range 2 {
		if got, err := client.Echo(t.Context(), []byte("x")); err != nil || string(got) != "x" {
			t.Fatalf("got %q and %v", got, err)
		}
	}

	if accepted := server.accepted.Load(); accepted != 1 || server.address != "unix:"+path {
		t.Errorf("%d connections to %s", accepted, server.address)
	}
}

func TestASocketThatIsNotThereIsUnavailable(t *testing.T) {
	_, err := Dial(t.Context(), "unix:"+filepath.Join(t.TempDir(), "m.sock"))

	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestTLSOnASocketInTheFileSystemNeedsAName(t *testing.T) {
	trust := newAuthority(t, "an authority")
	certificate := trust.server(t, func(c *x509.Certificate) { c.IPAddresses = []net.IP{} })
	server := newFakeOn(t, "unix", filepath.Join(t.TempDir(), "m.sock"), behindTLS(showing(certificate), greeter(nil)))
	named := trust.trusted()
	named.ServerName = "localhost"

	_, refused := Dial(t.Context(), server.address, WithTLS(trust.trusted()))
	client, err := Dial(t.Context(), server.address, WithTLS(named))

	if !errors.Is(refused, ErrInvalidArgument) || !strings.Contains(refused.Error(), "ServerName") || err != nil {
		t.Fatalf("got %v, then %v", refused, err)
	}
	_ = client.Close()
}
