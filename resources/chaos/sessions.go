package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
	"github.com/s3-destination/s3-destination/internal/testutil/ststest"
)

const (
	stsUser   = "deliverer"
	hubRole   = "arn:aws:iam::111122223333:role/hub"
	writeRole = "arn:aws:iam::444455556666:role/landing-writer"
	trusting  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"%s}]}`
	external  = `,"Condition":{"StringEquals":{"sts:ExternalId":"chaos-of-both"}}`
	// sessionLength is that of every session, which AWS would not grant.
	sessionLength = 8 * time.Second
)

// sessions writes with a role that is assumed through another role, while
// sessions end all the time, some of them before their time, and STS is
// throttled, fails, hangs or is gone. No record may fail, be lost or doubled.
func sessions(ctx context.Context, o options) (bool, error) {
	if o.lake == "versitygw" {
		return false, fmt.Errorf("the scenario sts needs an S3 server that knows the sessions of the STS: -s3 memory")
	}
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	sts := ststest.Start(ststest.Config{Keys: w.s3, Lifetime: sessionLength})
	w.closers = append(w.closers, sts.Close)
	auth, err := w.trust(sts)
	if err != nil {
		w.close(true)
		return false, err
	}
	feed := startFeed(ctx, w.kafka, load{topic: topic, partitions: partitions, rate: o.rate, size: 300}, w.ledger)
	c, err := w.start(ctx, "only", settings{auth: auth})
	if err != nil {
		w.close(true)
		return false, err
	}
	sky := &stsWeather{sts: sts, dice: w.dice, struck: moments{}}
	limited, cancel := context.WithTimeout(ctx, o.duration)
	defer cancel()
	sky.run(limited)
	return w.finishSessions(ctx, feed, sky, began, c)
}

// trust sets up user, roles and their trust, and returns the setting auth.
func (w *world) trust(sts *ststest.Server) (string, error) {
	user := sts.AddUser("111122223333", stsUser)
	if err := sts.AddRole(hubRole, fmt.Sprintf(trusting, user.ARN, ""), 0); err != nil {
		return "", err
	}
	if err := sts.AddRole(writeRole, fmt.Sprintf(trusting, hubRole, external), 0); err != nil {
		return "", err
	}
	// Sessions end on the server's side when a request arrives after their end.
	w.s3.Faults.Add(s3test.Rule{Match: func(s3test.Request) bool { sts.Sweep(); return false }, Do: s3test.Delay(0)})
	return fmt.Sprintf("{mode: assume_role, access_key_id: %s, secret_access_key: '%s', sts_endpoint: '%s', "+
		"role_chain: [{role_arn: '%s'}, {role_arn: '%s', external_id: chaos-of-both}]}",
		user.AccessKeyID, user.SecretAccessKey, sts.URL, hubRole, writeRole), nil
}

var (
	failedRecords = regexp.MustCompile(`(?m)^s3_destination_failed_records_total\{[^}]*\} ([1-9]\S*)$`)
	expiredAsked  = regexp.MustCompile(`(?m)^s3_destination_requests_total\{[^}]*class="credentials"[^}]*\} (\S+)$`)
)

// finishSessions judges, and looks into the metrics of the process as well: no
// record was given back, and sessions really ended in the middle of it.
func (w *world) finishSessions(ctx context.Context, f *feed, sky *stsWeather, began time.Time, c *consumer) (bool, error) {
	err := f.end()
	if err == nil {
		err = w.caughtUp(ctx, 90*time.Second, c)
	}
	if err != nil {
		w.close(true)
		return false, err
	}
	text := c.metrics(ctx)
	refused := sum(expiredAsked, text)
	w.note("%d sessions were opened, %.0f requests met one that had ended", sky.sts.Count("AssumeRole"), refused)
	failed := failedRecords.FindString(text)
	kept, err := w.finish(ctx, nil, sky, began, c)
	if failed != "" {
		_, _ = fmt.Fprintf(w.out, "VIOLATION    records were given back: %s\n", failed)
		kept = false
	}
	if err == nil && refused == 0 && w.duration > 2*sessionLength {
		_, _ = fmt.Fprintln(w.out, "VIOLATION    no request met a session that had ended: this run proves nothing")
		kept = false
	}
	return kept, err
}

// sum adds up the samples of a metric.
func sum(re *regexp.Regexp, text string) float64 {
	total := 0.0
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		var v float64
		_, _ = fmt.Sscan(m[1], &v)
		total += v
	}
	return total
}

// stsWeather breaks an STS in one way after the other.
type stsWeather struct {
	sts  *ststest.Server
	dice *dice

	mu     sync.Mutex
	struck moments
}

// run breaks the STS until ctx ends, and repairs it then.
func (w *stsWeather) run(ctx context.Context) {
	kinds := map[string]func(){
		"throttled": func() { w.sts.Throttle(-1) },
		"500": func() {
			w.sts.Fail("", -1, http.StatusInternalServerError, "InternalFailure", "We encountered an internal error.")
		},
		"503":                  func() { w.sts.Fail("", -1, http.StatusServiceUnavailable, "ServiceUnavailable", "Service Unavailable") },
		"silent":               func() { w.sts.Hang("", -1) },
		"sessions ended early": func() { w.sts.Age(sessionLength) },
	}
	names := slices.Sorted(maps.Keys(kinds))
	var deck []int
	for ctx.Err() == nil {
		if len(deck) == 0 {
			deck = w.dice.shuffled(len(names))
		}
		name := names[deck[0]]
		deck = deck[1:]
		kinds[name]()
		if w.dice.upTo(2) == 0 { // nobody asks before a session ends
			w.sts.Age(sessionLength)
		}
		pause(ctx, w.dice.between(500*time.Millisecond, 4*time.Second))
		w.sts.Clear()
		w.mu.Lock()
		w.struck[name]++
		w.mu.Unlock()
		pause(ctx, w.dice.between(0, 2*time.Second))
	}
	w.sts.Clear()
}

// String lists what went wrong, and how often.
func (w *stsWeather) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return "none; STS: " + w.struck.String()
}
