package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestModelTellsTheWayToAViolation(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run([]string{"-break", "R9", "-rebalances", "1"}, &out))
	assert.Contains(t, out.String(), "without R9 land-first: p0@0 is below the committed offset and in no object\n\tp0 goes to w0")
}

func TestModelTellsThatItHolds(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run([]string{"-workers", "1", "-rebalances", "1"}, &out))
	assert.Contains(t, out.String(), "(all states)")
	out.Reset()
	require.NoError(t, run([]string{"-workers", "2", "-limit", "100"}, &out))
	assert.Contains(t, out.String(), "as far as it went")
}

func TestModelRefusesWhatItCannotExplore(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"-break R0", "no rule"},
		{"-workers 4", "up to 3"},
		{"-break R1 -records 4", "up to 3"},
		{"-break R3 -rebalances 1", "nothing goes wrong"},
	} {
		assert.ErrorContains(t, run(strings.Fields(c.args), &strings.Builder{}), c.want, c.args)
	}
}
