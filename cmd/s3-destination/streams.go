package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/lifecycle"
)

// streamEnds finds out that the inputs of a stream have stopped, because the
// stream was deleted or replaced in streams mode. Benthos tells an output
// nothing about that and waits until everything is acknowledged. What it does
// is to write lines for debugging, of which every logger gets a copy: one when
// an input that is read has begun, and one when it waits for what is not
// acknowledged. Should a version of Benthos word them otherwise, idle_timeout
// ends the stream as before. It is a slog.Handler.
type streamEnds struct {
	known *readers
	// stream and path are those of the component that logs.
	stream, path string
}

// readers are the inputs that run, by stream and path.
type readers struct {
	began, ended func(stream string)

	mu      sync.Mutex
	running map[string]map[string]bool
}

// The lines of Benthos, internal/component/input/async_reader.go.
const (
	readerBegan = "Input type "
	readerEnds  = "Waiting for pending acks to resolve before shutting down."
)

// watchStreams tells outputs when the inputs of their stream have stopped. Only
// streams mode needs it: elsewhere the end is that of the process. Every line
// for debugging costs a little.
func watchStreams(args []string) service.CLIOptFunc {
	if len(args) < 2 || args[1] != "streams" {
		return func(*service.CLIOptBuilder) {}
	}
	return service.CLIOptAddTeeLogger(slog.New(newStreamEnds(lifecycle.Input, lifecycle.EndOfInput)))
}

func newStreamEnds(began, ended func(stream string)) *streamEnds {
	return &streamEnds{known: &readers{began: began, ended: ended, running: map[string]map[string]bool{}}}
}

// Enabled implements slog.Handler.
func (h *streamEnds) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h *streamEnds) Handle(_ context.Context, r slog.Record) error {
	switch {
	case h.stream == "" || !strings.HasPrefix(h.path, "root.input"):
	case strings.HasPrefix(r.Message, readerBegan):
		h.known.begins(h.stream, h.path)
	case r.Message == readerEnds:
		h.known.ends(h.stream, h.path)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h *streamEnds) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, a := range attrs {
		switch a.Key {
		case "stream":
			with.stream = a.Value.String()
		case "path":
			with.path = a.Value.String()
		}
	}
	return &with
}

// WithGroup implements slog.Handler. Benthos makes no groups.
func (h *streamEnds) WithGroup(string) slog.Handler { return h }

func (r *readers) begins(stream, path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began(stream)
	if r.running[stream] == nil {
		r.running[stream] = map[string]bool{}
	}
	r.running[stream][path] = true
}

// ends notes that an input of a stream has stopped; with the last of them the
// stream has nothing to wait for.
func (r *readers) ends(stream, path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running[stream], path)
	if len(r.running[stream]) == 0 {
		delete(r.running, stream)
		r.ended(stream)
	}
}
