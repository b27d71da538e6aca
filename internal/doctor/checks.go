package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3-destination/s3-destination/internal/health"
	"github.com/s3-destination/s3-destination/internal/policy"
	"github.com/s3-destination/s3-destination/internal/remember"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
)

func isSession(arn string) bool { return strings.Contains(arn, ":assumed-role/") }

// credentials resolves them hop by hop, and reports whether there are any.
func (d *doctor) credentials(ctx context.Context) bool {
	hops := d.cfg.Store.Auth.Hops()
	var last auth.Identity
	ask := d.cfg.Store.Endpoint == "" || d.cfg.Store.Auth.STSEndpoint != "" || len(hops) > 0
	for _, id := range d.store.Credentials().WhoAmI(ctx, ask) {
		row := Row{Check: "credentials", Result: Works, Matters: Required}
		if len(hops) > 0 {
			row.Check = fmt.Sprintf("credentials, hop %d of %d", id.Hop, len(hops))
			if id.Hop == 0 {
				row.Check = "credentials, base"
			}
		}
		switch {
		case id.Err != nil:
			row.Result, row.Class, row.Detail = Fails, store.ClassCredentials, id.Err.Error()
			row.Fixes = d.trustFix(id, last, hops)
			d.report.add(row)
			return false
		case id.Unnamed != nil:
			row.Result, row.Detail = Unknown, fmt.Sprintf("from %s; STS does not tell whose they are, which prevents nothing", id.Source)
		default:
			row.Detail = fmt.Sprintf("%s, from %s", id.ARN, id.Source)
		}
		if !id.Expires.IsZero() {
			row.Detail += fmt.Sprintf(", for another %v", time.Until(id.Expires).Round(time.Minute))
		}
		d.report.add(row)
		last = id
	}
	if len(d.policy.Principals) == 0 && last.Account != "" {
		d.policy.Principals = []string{principal(last)}
		if d.policy.Mode == auth.ModeBucketPolicy {
			d.policy.Principals = []string{last.Account}
		}
	}
	return true
}

// accepted tells of the credentials that requests are signed with what the store
// has said to a write: STS may not know them, and a store of another vendor has
// accounts of its own.
func (d *doctor) accepted(err error) {
	row := &d.report.Rows[len(d.report.Rows)-1]
	switch class := store.ClassOf(err); class {
	case "", store.ClassDenied, store.ClassKMS, store.ClassInvalid, store.ClassNoBucket, store.ClassExists:
		row.Result = Works
	case store.ClassCredentials:
		row.Result, row.Class = Fails, class
		row.Detail += "; the store does not accept them"
	case store.ClassWrongRegion, store.ClassThrottled, store.ClassClockSkew, store.ClassNetwork, store.ClassNotS3, store.ClassCanceled:
	}
}

// trustFix is the statement of the role that refused to be assumed.
func (d *doctor) trustFix(refused, by auth.Identity, hops []auth.Hop) []Fix {
	var hop *auth.HopError
	if !errors.As(refused.Err, &hop) || !hop.Denied || refused.Hop < 1 {
		return nil
	}
	h := hops[refused.Hop-1]
	c := policy.Config{Region: d.policy.Region, RoleARN: h.RoleARN, SessionTags: len(h.Tags) > 0}
	if h.ExternalID != "" {
		c.ExternalIDs = []string{h.ExternalID}
	}
	if who := principal(by); who != "" {
		c.Principals = []string{who}
	}
	return []Fix{Fix(policy.TrustFix(c))}
}

// write does what the health check does, and reports whether the destination
// could be reached at all.
func (d *doctor) write(ctx context.Context) bool {
	var v health.Verdict
	err := step(ctx, func(ctx context.Context) error {
		v = d.prober.Probe(ctx)
		return v.Err
	})
	d.accepted(err)
	key := d.prober.Key()
	if err != nil {
		d.report.add(Row{
			Check: "write", Result: Fails, Matters: Required, Class: store.ClassOf(err),
			Detail: err.Error(), Fixes: d.fixes(store.OpPutObject, err),
		})
		d.foreign = store.ClassOf(err) == store.ClassNotS3
		switch store.ClassOf(err) {
		case store.ClassDenied, store.ClassKMS, store.ClassInvalid:
			return true
		default:
			return false
		}
	}
	d.report.add(Row{Check: "write", Result: Works, Matters: Required, Detail: fmt.Sprintf("wrote %s in %v", key, v.Latency.Round(time.Millisecond))})
	d.right("delete", Recommended, store.OpDeleteObject, v.Leftover, "removes the object of the health check",
		key+" stays in the bucket; every health check overwrites it")
	d.leftover = v.Leftover != nil
	d.conditions()
	d.columns(ctx)
	d.encryption()
	d.sizes(ctx)
	return true
}

// conditions tells what the probe has found out about conditional writes, for
// objects in one request and, where there are such, in parts.
func (d *doctor) conditions() {
	if d.cfg.Store.Conditions == store.NeverConditions {
		return
	}
	d.condition("conditional writes", "If-None-Match", d.store.Conditional(0))
	if largest := d.cfg.Probe.Largest; d.store.InParts(largest) {
		d.condition("conditional writes, in parts", "If-None-Match on CompleteMultipartUpload", d.store.Conditional(largest))
	}
}

func (d *doctor) condition(check, what string, known store.Known) {
	row := Row{Check: check, Result: Works, Matters: Optional, Detail: what + " is honoured: nothing is ever replaced"}
	switch known {
	case store.Refuted:
		row.Result, row.Detail = Fails, "the store ignores "+what+": object names get a unique suffix instead"
	case store.Unknown:
		row.Result, row.Detail = Unknown, "the store did not tell: object names get a unique suffix until it does"
	case store.Shown:
		if d.cfg.Store.Conditions == store.AssumeConditions {
			row.Result, row.Detail = Unknown, what+" is taken for honoured without a proof: conditional_writes is on"
		}
	}
	d.report.add(row)
}

// columns tries what schema.remember needs.
func (d *doctor) columns(ctx context.Context) {
	if !d.cfg.Columns {
		return
	}
	shelf := remember.New(d.store, remember.Config{Prefix: d.cfg.Probe.Prefix})
	defer shelf.Close()
	row := Row{Check: "columns", Result: Works, Matters: Required, Detail: "they are kept in " + d.cfg.Probe.Prefix + remember.Folder}
	if err := step(ctx, shelf.Prove); err != nil {
		row.Result, row.Class, row.Detail = Fails, store.ClassOf(err), err.Error()
		row.Fixes = d.fixes(store.OpGetObject, err)
	}
	d.report.add(row)
}

// encryption compares what the server reports with what was asked for. Some
// stores ignore the headers in silence.
func (d *doctor) encryption() {
	asked := d.cfg.Store.Encryption
	algorithm, key := d.heard.written.Get("X-Amz-Server-Side-Encryption"), d.heard.written.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
	row := Row{Check: "encryption", Result: Works, Matters: Required, Detail: "the server reports " + algorithm}
	if key != "" {
		row.Detail += " with key " + key
	}
	params, err := asked.Params()
	if err != nil {
		return // the store was made from it
	}
	differs := params.Mismatch(types.ServerSideEncryption(algorithm), key)
	switch {
	case params.Algorithm == "" && algorithm == "":
		row.Result, row.Matters, row.Detail = Unknown, Recommended, "none was asked for, and the server reports none: the objects may be stored in the clear"
	case params.Algorithm == "":
		row.Detail += ", the default of the bucket"
	case algorithm == "":
		row.Result, row.Detail = Fails, differs+": it may have ignored the request"
	case differs != "":
		row.Result, row.Detail = Fails, differs
		if algorithm == string(params.Algorithm) {
			row.Class = store.ClassKMS
		}
	}
	d.report.add(row)
}

// Limits of the clock: S3 refuses signatures that are further off.
const (
	skewLimit = 15 * time.Minute
	skewAlarm = time.Minute
)

// server reports what was learnt on the way: endpoint, region, clock.
func (d *doctor) server(reached bool) {
	h := &d.heard
	h.mu.Lock()
	defer h.mu.Unlock()
	where := d.cfg.Store.Endpoint
	if where == "" {
		where = "Amazon S3"
	}
	endpoint := Row{Check: "endpoint", Result: Works, Matters: Required, Detail: where + " answers"}
	switch {
	case d.foreign:
		endpoint.Result, endpoint.Class, endpoint.Detail = Fails, store.ClassNotS3, where+" answers, and not like S3"
	case h.answers > 0 && h.server != "":
		endpoint.Detail += " (" + h.server + ")"
	case h.answers == 0 && reached:
		endpoint.Result, endpoint.Detail = Fails, where+" does not answer"
	case h.answers == 0:
		endpoint.Result, endpoint.Detail = Unknown, where+" gave no answer"
	}
	region := Row{Check: "region", Result: Works, Matters: Required, Detail: d.store.Region()}
	switch {
	case h.region != "" && h.region != d.store.Region():
		region.Result, region.Class = Fails, store.ClassWrongRegion
		region.Detail = fmt.Sprintf("the bucket is in %s: set region to it, not %s", h.region, d.store.Region())
	case !reached:
		region.Result, region.Detail = Unknown, d.store.Region()+" was not tried"
	}
	clock := Row{Check: "clock", Result: Unknown, Matters: Required, Detail: "the server does not tell the time"}
	if skew := h.skew.Round(time.Second); h.dated {
		clock.Result, clock.Detail = Works, fmt.Sprintf("%v from the server's", skew.Abs())
		if skew.Abs() > skewAlarm {
			clock.Result, clock.Class = Fails, store.ClassClockSkew
			clock.Detail += ": synchronise this machine's clock (NTP)"
			if skew.Abs() < skewLimit {
				clock.Matters = Recommended
			}
		}
	}
	d.report.Rows = append(d.report.Rows, endpoint, region, clock)
}

// rights tries what the output can do without. The object is written again,
// because what does not exist cannot be read.
func (d *doctor) rights(ctx context.Context, reached bool) {
	const (
		list  = "numbers continue after the highest one in use"
		get   = "an object whose confirmation was lost is recognised, and not written twice"
		abort = "the parts of a failed large upload are removed, and cost nothing"
	)
	if !reached {
		for _, check := range []string{"list", "read", "abort"} {
			d.report.add(Row{Check: check, Result: Skipped, Matters: Optional})
		}
		return
	}
	key := d.prober.Key()
	err := step(ctx, func(ctx context.Context) error {
		_, err := d.store.List(ctx, d.cfg.Probe.Prefix, "", 1)
		return err //nolint:wrapcheck // says all there is to say
	})
	d.right("list", Optional, store.OpListObjects, err, list, "numbers in use are found by trying")
	err = step(ctx, func(ctx context.Context) error { return d.readBack(ctx, key) })
	if errors.Is(err, errNothingToRead) {
		d.report.add(Row{Check: "read", Result: Skipped, Matters: Optional})
	} else {
		d.right("read", Optional, store.OpHeadObject, err, get, "an object whose confirmation was lost may be written twice")
	}
	err = step(ctx, func(ctx context.Context) error { return d.store.MayAbort(ctx, key) })
	d.right("abort", Optional, store.OpAbortMultipartUpload, err, abort, "the parts of failed large uploads stay until a lifecycle rule removes them")
}

var errNothingToRead = errors.New("no object could be written")

// readBack writes the probe's object, reads its metadata and deletes it.
func (d *doctor) readBack(ctx context.Context, key string) error {
	_, err := d.store.Put(ctx, store.Object{Key: key, IfNoneMatch: true})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return errNothingToRead
	}
	_, err = d.store.Head(ctx, key)
	_ = d.store.Delete(ctx, key) // reported by the check of its own
	return err                   //nolint:wrapcheck // says all there is to say
}

// right reports one right that is not required.
func (d *doctor) right(check string, w Weight, op store.Op, err error, with, without string) {
	row := Row{Check: check, Result: Works, Matters: w, Detail: with}
	if err != nil {
		row.Result, row.Class = Fails, store.ClassOf(err)
		row.Detail = without
		if row.Class != store.ClassDenied {
			row.Detail += ": " + err.Error()
		}
		row.Fixes = d.fixes(op, err)
	}
	d.report.add(row)
}
