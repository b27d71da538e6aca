package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/commands"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

var updateSpool = flag.Bool("update-spool", false, "write the spool of this version that later ones are to drain")

// An object that was stored when the process died is not stored again, also when
// nothing may be read in the bucket: its name has a uuid, so that whatever has that
// name is this object.
func TestAnObjectWithAUUIDIsKnownAgainWithoutReading(t *testing.T) {
	long.Skip(t)
	s := &spooling{
		s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t), name: "f-{{uuid}}",
		extra: "    max_age: 100ms\n    retry: {initial_interval: 20ms, max_interval: 100ms}\n",
	}
	s.s3.Faults.Deny("HeadObject", "GetObject", "ListObjectsV2")
	p := s.start(t)
	died := make(chan struct{})
	s.s3.Faults.Add(s3test.Rule{Op: "PutObject", Key: "^in/a/", Times: 1, Do: func(x *s3test.Exchange) {
		s3test.LoseResponse()(x)
		_ = p.cmd.Process.Kill()
		close(died)
	}})
	require.Equal(t, 200, first(p.post(t.Context(), `{"id":1,"p":"a"}`)))
	select {
	case <-died:
	case <-time.After(patience):
		t.Fatal("nothing was stored")
	}
	<-p.done
	require.Len(t, ids(t, s.s3), 1, "it is stored, and its process does not know")

	p = s.start(t)
	require.Equal(t, 200, first(p.post(t.Context(), `{"id":2,"p":"b"}`)))
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_spool_outbox_objects{label="",path="root.output"} 0`) && len(ids(t, s.s3)) == 2
	}, patience, 20*time.Millisecond, "%s", &p.logs)
	assert.Equal(t, map[string]int{"1": 1, "2": 1}, ids(t, s.s3))
	var tried []string
	for _, r := range s.s3.Requests("PutObject") {
		if strings.HasPrefix(r.Key, "in/a/") {
			tried = append(tried, r.Key)
		}
	}
	require.Len(t, tried, 2, "it was tried again")
	assert.Equal(t, tried[0], tried[1])
	assert.Empty(t, s.s3.Replaced())
	p.signal(t, syscall.SIGTERM) // the gauge may be from before the second object
	code, _ := p.ended(t)
	require.Zero(t, code, "%s", &p.logs)
	code, out := p.command(t, "verify")
	assert.Zero(t, code, out)
	assert.Contains(t, out, "0 objects to store")
}

const spoolFixture = "testdata/spool-format1"

// What a process of an earlier version has left when it was killed is stored by this
// one: records that are collected, an object that is sealed, and one more that had
// been sent, under their keys.
func TestASpoolOfAnEarlierVersionIsDrained(t *testing.T) {
	s := &spooling{
		s3: s3test.StartT(t, s3test.Config{}), dir: t.TempDir(), address: freeAddress(t), name: "f-{{uuid}}",
		extra: "    max_age: 200000h\n    max_records: 2\n", // the open record is years old, and stays so
	}
	if *updateSpool {
		s.writeFixture(t)
	}
	require.NoError(t, os.CopyFS(s.dir, os.DirFS(spoolFixture)))
	require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "s3_destination", "spill"), 0o700)) // empty, which git does not keep
	s.redirect(t)
	keys := s.sealed(t)
	require.Len(t, keys, 2)
	p := s.start(t)
	require.Eventually(t, func() bool { return len(s.landed()) == 2 }, patience, 20*time.Millisecond, "%s", &p.logs)
	assert.ElementsMatch(t, keys, s.landed(), "under the keys that were settled then")
	require.Equal(t, 200, first(p.post(t.Context(), `{"id":6,"p":"a"}`)), "what comes now belongs to the same partition")
	p.kill(t)
	code, out := p.command(t, "drain")
	require.Zero(t, code, out)
	assert.Equal(t, map[string]int{"1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1}, ids(t, s.s3))
	assert.Len(t, s.landed(), 3)
}

// landed are the keys of objects; a probe may be beside them.
func (s *spooling) landed() []string {
	return slices.Concat(s.s3.Keys("in/a/"), s.s3.Keys("in/b/"))
}

// manifestOf is the manifest of a spool of format 1, as it is on disk.
func manifestOf(destination string) []byte {
	sum := crc32.ChecksumIEEE(fmt.Appendf(nil, "%d %s", 1, destination))
	data, _ := json.Marshal(map[string]any{"version": 1, "destination": destination, "sum": sum})
	return data
}

// redirect has the spool be one for the server of this test, which has another port.
func (s *spooling) redirect(t *testing.T) {
	t.Helper()
	manifest := manifestOf(fmt.Sprintf("bucket %s at %s", s.s3.Bucket, s.s3.URL))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "s3_destination", "manifest"), manifest, 0o600))
}

// sealed are the keys of the objects that wait.
func (s *spooling) sealed(t *testing.T) []string {
	t.Helper()
	binary, err := exec.LookPath("s3-destination")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(s.config()), 0o600))
	p := &process{cmd: exec.Command(binary, "run", path)} // which is not started
	code, out := p.command(t, "inspect", "--json")
	require.Zero(t, code, out)
	var report commands.SpoolContents
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	var keys []string
	for _, o := range report.Objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// writeFixture leaves two objects that could not be sent, and a record.
func (s *spooling) writeFixture(t *testing.T) {
	t.Helper()
	p := s.start(t)
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_healthy{label="",path="root.output"} 1`)
	}, patience, 20*time.Millisecond)
	outage := s.s3.Faults.Add(s3test.Rule{Do: s3test.Reset(0)})
	for id, partition := range []string{"a", "a", "b", "b", "a"} {
		require.Equal(t, 200, first(p.post(t.Context(), fmt.Sprintf(`{"id":%d,"p":%q}`, id+1, partition))))
	}
	require.Eventually(t, func() bool {
		return strings.Contains(p.scrape(), `s3_destination_spool_outbox_objects{label="",path="root.output"} 2`)
	}, patience, 20*time.Millisecond, "%s", &p.logs)
	p.kill(t)
	outage.Remove()
	require.NoError(t, os.RemoveAll(spoolFixture))
	require.NoError(t, os.Remove(filepath.Join(s.dir, "s3_destination", "reserve"))) // space, and nothing else
	require.NoError(t, os.CopyFS(spoolFixture, os.DirFS(s.dir)))
	require.NoError(t, os.RemoveAll(filepath.Join(s.dir, "s3_destination")))
}
