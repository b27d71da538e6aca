package settings

import (
	"errors"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func spec() *service.ConfigSpec {
	return service.NewConfigSpec().Fields(
		service.NewStringField("text"), service.NewStringListField("list"), service.NewBoolField("flag"),
		service.NewIntField("number"), service.NewDurationField("wait"),
		service.NewObjectField("group", service.NewStringField("text")),
	)
}

func TestSettingsAreRead(t *testing.T) {
	conf, err := spec().ParseYAML("{text: a, list: [b, c], flag: true, number: 7, wait: 3s, group: {text: d}}", nil)
	require.NoError(t, err)
	f := Of(conf)
	assert.Equal(t, "a", f.Text("text"))
	assert.Equal(t, "d", f.Text("group", "text"))
	assert.Equal(t, []string{"b", "c"}, f.List("list"))
	assert.True(t, f.Flag("flag"))
	assert.Equal(t, 7, f.Int("number"))
	assert.Equal(t, 3*time.Second, f.Duration("wait"))
	f.Fail(nil)
	assert.NoError(t, f.Err())
}

// A mistake hides no other.
func TestAllMistakesAreCollected(t *testing.T) {
	conf, err := spec().ParseYAML("{text: a, list: [], flag: true, number: 7, wait: soon, group: {text: d}}", nil)
	require.NoError(t, err)
	f := Of(conf)
	assert.Zero(t, f.Duration("wait"))
	f.Text("a")
	f.List("b")
	f.Flag("c")
	f.Int("d")
	f.Fail(errors.New("own"))
	for _, want := range []string{"soon", "'a'", "'b'", "'c'", "'d'", "own"} {
		assert.ErrorContains(t, f.Err(), want)
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{"16MiB": 16 << 20, "1kB": 1000, "5": 5} {
		n, ok := Bytes(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, n, text)
	}
	for _, text := range []string{"", "0", "much", "auto", "9223372036854775808", "-1"} {
		_, ok := Bytes(text)
		assert.False(t, ok, text)
	}
}
