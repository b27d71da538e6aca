package kafka

import (
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A broker that hangs up ends the connection, or resets it when something of the client
// was not read yet.
func TestAdviceOnBrokersThatHangUp(t *testing.T) {
	for _, end := range []error{io.EOF, syscall.ECONNRESET} {
		err := fmt.Errorf("read tcp: %w", end)
		assert.ErrorIs(t, advised(err), end)
		assert.ErrorContains(t, advised(err), "the brokers hang up")
	}
	assert.Equal(t, syscall.ECONNREFUSED, advised(syscall.ECONNREFUSED), "nothing is known of it")
}
