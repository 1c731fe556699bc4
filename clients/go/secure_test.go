package modelwire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// behindTLS shakes hands before it serves. A client that fails to is hung up on.
func behindTLS(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(socket net.Conn) {
		secure := tls.Server(socket, config)
		if secure.Handshake() == nil {
			serve(secure)
			_ = secure.Close()
		}
	}
}

// showing is a server's configuration with this certificate.
func showing(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func TestCallsOverTLSShareAConnectionFromTheFirstOneOn(t *testing.T) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			trust := newAuthority(t, "an authority")
			server := newFake(t, behindTLS(showing(trust.server(t)), greeter(nil)))
			config := trust.trusted()
			config.MaxVersion = version
			config.ClientSessionCache = tls.NewLRUClientSessionCache(1) // makes servers send what nobody waits for
			client, err := Dial(t.Context(), server.address, WithTLS(config))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()

			for _, sent := range []string{"one", "two", strings.Repeat("three", 1_000_000)} {
				if got, err := client.Echo(t.Context(), []byte(sent)); err != nil || string(got) != sent {
					t.Fatalf("%d bytes came back, and %v", len(got), err)
				}
			}

			if accepted := server.accepted.Load(); accepted != 1 {
				t.Errorf("%d connections for 3 calls", accepted)
			}
		})
	}
}

func TestACertificateThatProvesNothingIsRefusedInWordsThatSayWhatToDo(t *testing.T) {
	trust := newAuthority(t, "an authority")
	servers := map[string]struct {
		certificate tls.Certificate
		advice      string
		cause       any
	}{
		"unknown authority": {newAuthority(t, "another").server(t), "RootCAs", new(x509.UnknownAuthorityError)},
		"another name": {trust.server(t, func(c *x509.Certificate) { c.IPAddresses = nil }),
			"ServerName", new(x509.HostnameError)},
		"expired": {trust.server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
			"renew it", new(x509.CertificateInvalidError)},
		"a client's certificate": {trust.server(t, func(c *x509.Certificate) { c.ExtKeyUsage[0] = x509.ExtKeyUsageClientAuth }),
			"not valid", new(x509.CertificateInvalidError)},
	}
	for name, expected := range servers {
		t.Run(name, func(t *testing.T) {
			server := newFake(t, behindTLS(showing(expected.certificate), greeter(nil)))

			_, err := Dial(t.Context(), server.address, WithTLS(trust.trusted()))

			failure := new(Error)
			if !errors.As(err, &failure) || failure.Code != ErrUnavailable || failure.Execution != NotExecuted {
				t.Fatalf("got %#v", err)
			}
			if !strings.Contains(err.Error(), expected.advice) || !errors.As(err, expected.cause) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestACertificateThatIsNotTrustedIsAskedForOnce(t *testing.T) {
	server := newFake(t, behindTLS(showing(newAuthority(t, "an authority").server(t)), greeter(nil)))
	client := server.connect(t, WithTLS(nil))

	_, err := client.Hello(t.Context(), "World")

	if accepted := server.accepted.Load(); !errors.Is(err, ErrUnavailable) || accepted != 1 {
		t.Errorf("%d connections and %v", accepted, err)
	}
}

func TestTheServersNameCanBeGiven(t *testing.T) {
	trust := newAuthority(t, "an authority")
	certificate := trust.server(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"models.example"}, nil })
	server := newFake(t, behindTLS(showing(certificate), greeter(nil)))
	config := trust.trusted()
	config.ServerName = "models.example"

	client, err := Dial(t.Context(), server.address, WithTLS(config))

	if err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
}

func TestSkippingTheChecksIsRefused(t *testing.T) {
	_, err := New("127.0.0.1:9090", WithTLS(&tls.Config{InsecureSkipVerify: true}))

	if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), "RootCAs") {
		t.Errorf("got %v", err)
	}
}

func TestAConfigurationIsCopied(t *testing.T) {
	trust := newAuthority(t, "an authority")
	server := newFake(t, behindTLS(showing(trust.server(t)), greeter(nil)))
	config := trust.trusted()
	client := server.connect(t, WithTLS(config))
	config.ServerName, config.RootCAs = "another.example", nil

	_, err := client.Echo(t.Context(), nil)

	if err != nil {
		t.Error(err)
	}
}

func TestAServerThatAsksForACertificateSaysWhatItWants(t *testing.T) {
	trust, stranger := newAuthority(t, "an authority"), newAuthority(t, "another")
	config := showing(trust.server(t))
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, trust.trusted().RootCAs
	server := newFake(t, behindTLS(config, greeter(nil)))
	shown := map[string]struct {
		certificate *tls.Certificate
		advice      string
	}{
		"none":             {nil, "into Certificates"},
		"a stranger's":     {pointer(stranger.client(t)), "tls.client_ca"},
		"a server's":       {pointer(trust.server(t)), "made for clients"},
		"the one it wants": {pointer(trust.client(t)), ""},
	}
	for name, expected := range shown {
		t.Run(name, func(t *testing.T) {
			config := trust.trusted()
			if expected.certificate != nil {
				// Given as a function it is shown even if the server named other authorities.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					return expected.certificate, nil
				}
			}
			client := server.connect(t, WithTLS(config))

			_, err := client.Echo(t.Context(), []byte("x"))

			refused := errors.Is(err, ErrUnauthenticated) && strings.Contains(err.Error(), expected.advice)
			if taken := expected.advice == ""; taken && err != nil || !taken && !refused {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServerWithoutTLSIsNamed(t *testing.T) {
	servers := map[string]struct {
		serve func(net.Conn)
		says  string
	}{
		"that answers": {func(socket net.Conn) { _, _ = socket.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
			"does not speak TLS; start the server with --tls-certificate"},
		"that hangs up": {func(socket net.Conn) { _, _ = socket.Read(make([]byte, 65_536)) },
			"closed the connection when asked for TLS; see that the server was started with --tls-certificate"},
		"that hangs up before it has read all": {func(socket net.Conn) { _, _ = socket.Read(make([]byte, 1)) },
			"closed the connection when asked for TLS"},
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			address := newFake(t, server.serve).address

			_, err := Dial(t.Context(), address, WithTLS(nil))

			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), server.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServerThatHangsUpOnPlainTextMayWantTLS(t *testing.T) {
	server := newFake(t, func(socket net.Conn) { readFrame(t, socket) })
	client := server.connect(t)

	_, err := client.Hello(t.Context(), "World")

	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "use modelwire.WithTLS") {
		t.Errorf("got %v", err)
	}
}

func TestAHandshakeHasTheTimeToConnect(t *testing.T) {
	server := newFake(t, silent)

	_, err := Dial(t.Context(), server.address, WithTLS(nil), WithConnectTimeout(30*time.Millisecond))

	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "did not complete the TLS handshake in time") {
		t.Errorf("got %v", err)
	}
}

func TestCancellingTheContextEndsAHandshake(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newFake(t, func(socket net.Conn) { cancel(); silent(socket) })
	client := server.connect(t, WithTLS(nil), WithConnectTimeout(soon))

	_, err := client.Hello(ctx, "World")

	if !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCancellingTheContextEndsACallOverTLS(t *testing.T) {
	trust := newAuthority(t, "an authority")
	asked, closed := make(chan struct{}), make(chan struct{})
	client := newFake(t, behindTLS(showing(trust.server(t)), func(socket net.Conn) {
		readFrame(t, socket)
		close(asked)
		silent(socket)
		close(closed)
	})).connect(t, WithTLS(trust.trusted()))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()

	_, err := client.Hello(ctx, "World")

	if !errors.Is(err, ErrCancelled) {
		t.Fatalf("got %v", err)
	}
	<-closed
}

func TestAConnectionOfTLSThatTheServerClosedMeanwhileIsNotUsedAgain(t *testing.T) {
	trust := newAuthority(t, "an authority")
	server := newFake(t, behindTLS(showing(trust.server(t)), func(socket net.Conn) {
		_, _ = socket.Write(greeting(t, readFrame(t, socket), "hello", 0))
	}))
	client := server.connect(t, WithTLS(trust.trusted()))
	if _, err := client.Hello(t.Context(), "World"); err != nil {
		t.Fatal(err)
	}
	for idle := client.calls.idle[0]; quiet(idle.raw); {
		runtime.Gosched() // until the end of the connection has arrived
	}

	_, err := client.Hello(t.Context(), "World")

	if accepted := server.accepted.Load(); err != nil || accepted != 2 {
		t.Fatalf("%d connections and %v", accepted, err)
	}
}
