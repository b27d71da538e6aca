package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/s3-destination/s3-destination/resources/bench/internal/sink"
	"github.com/s3-destination/s3-destination/resources/bench/internal/works"
)

// answers are what a load has found.
type answers struct {
	Requests, Records  int
	Took               time.Duration
	P50, P90, P99, Max time.Duration
}

// generator posts records from a process of its own, so that what it takes is not
// counted.
type generator struct {
	address  string
	body     works.Body
	docs     [][]byte
	requests int
	next     atomic.Int64 // request
}

// generate is the process: `http load` with these flags.
func generate(args []string) error {
	var g generator
	f := flag.NewFlagSet("load", flag.ExitOnError)
	f.StringVar(&g.address, "address", "", "where to post")
	body := f.String("body", "", "what a request has")
	data := f.String("data", "", "the file of the records")
	clients := f.Int("clients", 1, "connections, each of which has one request under way")
	f.IntVar(&g.requests, "requests", 1, "how many requests")
	if err := f.Parse(args); err != nil {
		return err
	}
	i := slices.IndexFunc(works.Bodies, func(b works.Body) bool { return b.ID == *body })
	if i < 0 {
		return fmt.Errorf("there is no body %q", *body)
	}
	g.body = works.Bodies[i]
	text, err := os.ReadFile(*data)
	if err != nil {
		return err
	}
	g.docs = bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	a, err := g.run(*clients)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// run posts all requests and waits for their answers.
func (g *generator) run(clients int) (a answers, err error) {
	waited, errs := make([][]time.Duration, clients), make([]error, clients)
	var all sync.WaitGroup
	began := time.Now()
	for i := range clients {
		all.Go(func() { waited[i], errs[i] = g.client() })
	}
	all.Wait()
	a.Took = time.Since(began)
	every := slices.Sorted(slices.Values(slices.Concat(waited...)))
	if err := errors.Join(errs...); err != nil {
		return a, err
	}
	a.Requests, a.Records = len(every), len(every)*g.body.Records
	quantile := func(q float64) time.Duration { return every[int(q*float64(len(every)-1))] }
	a.P50, a.P90, a.P99, a.Max = quantile(0.5), quantile(0.9), quantile(0.99), quantile(1)
	return a, nil
}

// client posts one request after the other on one connection.
func (g *generator) client() (waited []time.Duration, err error) {
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	answer := bufio.NewReader(conn)
	var request, body []byte
	for {
		n := int(g.next.Add(1)) - 1
		if n >= g.requests {
			return waited, nil
		}
		body = g.appendBody(body[:0], n)
		request = fmt.Appendf(request[:0], "POST %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", works.HTTPPath, g.body.Type, len(body))
		request = append(request, body...)
		began := time.Now()
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		if err := answered(answer); err != nil {
			return nil, fmt.Errorf("request %d: %w", n, err)
		}
		waited = append(waited, time.Since(began))
	}
}

// answered reads an answer, which has to be 200.
func answered(r *bufio.Reader) error {
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("it was answered with %d: %s", res.StatusCode, text)
	}
	return errors.Join(err, res.Body.Close())
}

// firstNumber is that of the first record: all numbers have as many digits.
const firstNumber = 1_000_000_000

// appendBody appends the body of a request. Each record has a number of its own.
func (g *generator) appendBody(body []byte, request int) []byte {
	open, between, end := "", "\n", ""
	if g.body.Array {
		open, between, end = "[", ",", "]"
	}
	body = append(body, open...)
	for i := range g.body.Records {
		if i > 0 {
			body = append(body, between...)
		}
		n := request*g.body.Records + i
		body = append(body, `{"`+sink.ProducedField+`":`...)
		body = strconv.AppendInt(body, int64(firstNumber+n), 10)
		body = append(body, ',')
		body = append(body, g.docs[n%len(g.docs)][1:]...)
	}
	return append(body, end...)
}
