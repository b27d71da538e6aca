package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/inspect"
	"github.com/s3-destination/s3-destination/internal/scaffold"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// everyChoice is all that init can be asked for.
func everyChoice() (all []scaffold.Choices) {
	for _, from := range scaffold.Inputs {
		for _, format := range scaffold.Formats {
			for _, compression := range scaffold.Compressions(format) {
				for _, auth := range scaffold.Auths {
					for _, kept := range []struct{ exactly, spool bool }{{}, {spool: true}, {exactly: true}} {
						if kept.exactly && from != "kafka" {
							continue
						}
						all = append(all, scaffold.Choices{
							From: from, Format: format, Compression: compression, Auth: auth, ExactlyOnce: kept.exactly, Spool: kept.spool,
						})
					}
				}
			}
		}
	}
	return all
}

func TestWhatInitWritesLintsClean(t *testing.T) {
	for i, c := range everyChoice() {
		if !long.Takes(i, 17) { // which meets every value
			continue
		}
		text, err := c.Pipeline()
		require.NoError(t, err)
		r, err := inspect.ReadText("pipeline.yaml", text)
		require.NoError(t, err, text)
		require.Empty(t, r.Findings, "%+v\n%s", c, text)
		o, err := r.Output("")
		require.NoError(t, err)
		conf := o.Config()
		assert.Equal(t, c.Spool, conf.Spool.On(), "%+v", c)
		assert.Equal(t, c.ExactlyOnce, strings.Contains(text, "exactly_once"))
		assert.True(t, strings.HasPrefix(conf.Format.Name, c.Format), "%+v", c)
		assert.Contains(t, fmt.Sprint(conf.Store.Auth.Mode), c.Auth)
		assert.Equal(t, "events/_dead_letters/", conf.DeadLetters.Layout().StaticPrefix(), "as the comment says")
		for _, line := range strings.Split(text, "\n")[1:] { // the first one is an address
			assert.Equal(t, strings.TrimRight(line, " "), line)
			assert.LessOrEqual(t, len(line), 120)
		}
	}
}
