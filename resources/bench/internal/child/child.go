// Package child runs the processes of a measurement.
package child

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/resources/bench/feed"
	"github.com/s3-destination/s3-destination/resources/bench/internal/sink"
)

// ErrConfig means that the process does not accept its configuration.
var ErrConfig = errors.New("the configuration is not accepted")

// Stream runs a binary that is built around package feed.
func Stream(binary, config, dir string, procs int, env ...string) (feed.Stats, error) {
	stats, _, err := Verbose(binary, config, dir, procs, env...)
	return stats, err
}

// Verbose is Stream and returns what was written to standard error.
func Verbose(binary, config, dir string, procs int, env ...string) (s feed.Stats, log string, err error) {
	path := filepath.Join(dir, "stream.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return s, "", err
	}
	cmd := exec.Command(binary, path)
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs)), env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == feed.ExitConfig:
		return s, "", fmt.Errorf("%w: %s", ErrConfig, strings.TrimSpace(complaint.String()))
	case err != nil:
		return s, "", fmt.Errorf("running %s: %w: %s", binary, err, complaint.String())
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return s, "", fmt.Errorf("reading what %s printed: %w: %s", binary, err, out.String())
	}
	if s.Sent == 0 || s.Acked != s.Sent || s.Nacked != 0 {
		return s, "", fmt.Errorf("%s: of %d records %d were acknowledged and %d refused: %s", binary, s.Sent, s.Acked, s.Nacked, complaint.String())
	}
	return s, complaint.String(), nil
}

// Server is the sink in a process of its own.
type Server struct {
	// URL is its endpoint, CA the file of its certificate, empty for http.
	URL, CA string

	cmd    *exec.Cmd
	client http.Client
}

// Serve starts a server.
func Serve(binary, dir string, secure bool) (*Server, error) {
	s := &Server{cmd: exec.Command(binary)}
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if secure {
		s.CA = filepath.Join(dir, "ca.pem")
		s.cmd.Args = append(s.cmd.Args, "-ca", s.CA)
	}
	s.cmd.Stderr = io.Discard // TLS handshakes that end with the process
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	s.URL = strings.TrimSpace(line)
	return s, err
}

// Stop ends the server.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Reset forgets everything. With inspect, the server reads the objects that
// arrive from now on and counts their rows.
func (s *Server) Reset(inspect bool) error {
	query := ""
	if inspect {
		query = "?inspect=1"
	}
	return s.reset(query)
}

// Keep forgets everything. The server keeps the objects that arrive from now
// on, for Delays.
func (s *Server) Keep() error { return s.reset("?keep=1") }

func (s *Server) reset(query string) error {
	r, err := s.client.Post(s.URL+sink.PathReset+query, "", nil)
	if err != nil {
		return err
	}
	return r.Body.Close()
}

// Delays tells how long the rows of the objects that were kept took.
func (s *Server) Delays() (d sink.Delays, err error) {
	r, err := s.client.Get(s.URL + sink.PathDelays)
	if err != nil {
		return d, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(r.Body)
		return d, fmt.Errorf("reading the objects: %s", text)
	}
	return d, json.NewDecoder(r.Body).Decode(&d)
}

// Counts is what arrived since the reset.
func (s *Server) Counts() (c sink.Counts, err error) {
	r, err := s.client.Get(s.URL + sink.PathCounts)
	if err != nil {
		return c, err
	}
	defer r.Body.Close()
	return c, json.NewDecoder(r.Body).Decode(&c)
}
