package config

import (
	"fmt"
	"path/filepath"
	"strings"
)

// LandIn makes a configuration write to a directory instead of its bucket. What
// belongs to the pipeline that writes to the bucket is left as it is: its spool is
// not touched, and its file of columns is only read.
func (c *Config) LandIn(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("finding the directory for objects: %w", err)
	}
	c.Warnings = append(c.Warnings, fmt.Sprintf("Objects go to the directory %s, and nothing to %s. Inputs are told that records are stored once they are there: one that reads from Kafka commits their offsets.",
		dir, c.Destination()))
	if c.Spool.On() {
		c.Warnings = append(c.Warnings, "The spool is not used: what waits in "+c.Spool.Path+" is for the bucket.")
		c.Spool = Spool{}
	}
	if c.Format.Columns != nil {
		c.Format.Columns.Borrow()
	}
	c.Directory = dir
	return nil
}

// Places are the prefixes of what is written, for people: that of data, and that of
// dead letters unless it is below.
func (c *Config) Places() []string {
	places := []string{c.root() + c.Layout.StaticPrefix()}
	if c.DeadLetters != nil {
		if letters := c.root() + c.DeadLetters.Layout().StaticPrefix(); !strings.HasPrefix(letters, places[0]) {
			places = append(places, letters)
		}
	}
	return places
}

// root is what stands in front of keys, for people.
func (c *Config) root() string {
	if c.Directory != "" {
		return c.Directory + "/"
	}
	return "s3://" + c.Store.Bucket + "/"
}

// KeyOf is the key that people mean who may have copied it with what stands in front.
func (c *Config) KeyOf(text string) string { return strings.TrimPrefix(text, c.root()) }
