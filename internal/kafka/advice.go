package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// advised adds to an error of a connection what the user can do about it, where that
// is known.
func advised(err error) error {
	if advice := adviceOn(err); advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

func adviceOn(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		remote    *net.OpError // an alert of TLS has no type that is exported
		closed    *kgo.ErrFirstReadEOF
	)
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return "the brokers refuse the credentials: correct username and password in " + fieldSASL
	case errors.Is(err, errToken):
		return "set token in " + fieldSASL + " to one that has not expired and that they accept"
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return "the brokers do not know this mechanism: choose another one in " + fieldSASL
	case errors.Is(err, kerr.IllegalSaslState):
		return "the brokers ask for no authentication at this port: remove " + fieldSASL + ", or use the port that does"
	case errors.As(err, &authority):
		return "set " + fieldTLS + ".root_cas_file to the certificate of the authority that signed that of the brokers"
	case errors.As(err, &hostname):
		return "name the brokers in " + fieldSeeds + " and in their advertised listeners as their certificate does"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the brokers need a new certificate, or the clock of this machine is wrong"
	case errors.As(err, &noTLS):
		return "the brokers speak no TLS at this port: turn " + fieldTLS + ".enabled off, or use the port that does"
	case errors.As(err, &remote) && remote.Op == "remote error":
		return "the brokers refuse the certificate of this client, or that there is none: set " + fieldTLS + ".client_certs to one that is valid, of an authority that they trust"
	case errors.As(err, &closed), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the brokers hang up: turn " + fieldTLS + ".enabled on, or off, as this port wants it; set " + fieldSASL + " if they want authentication, and correct the credentials if it is set"
	}
	return ""
}
