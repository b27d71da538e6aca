package landing

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
)

// numbered are the keys of n objects.
func numbered(n int, format string) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf(format, i+1)
	}
	return keys
}

const million = 1_000_000

// TestTheEndOfAMillionObjectsIsFoundBeforeTheUpload counts requests of a restart:
// nothing is uploaded in vain.
func TestTheEndOfAMillionObjectsIsFoundBeforeTheUpload(t *testing.T) {
	long.Skip(t)
	keys := newBucket(numbered(million, "in/f-%05d.json")...).sorted
	for _, c := range []struct {
		what               string
		denyList, denyHead bool
		small              bool // a small object is its own look
		puts, lists, heads int
	}{
		{"listing allowed", false, true, false, 1, 27, 0},
		{"listing allowed, a small object", false, true, true, 2, 27, 0},
		{"reading allowed", true, false, true, 2, 1, 32},
	} {
		b := newBucket(keys...)
		b.denyList, b.denyHead = c.denyList, c.denyHead
		l := lander(t, b, "f-{{chunk_id}}")
		line := large("1")
		if c.small {
			line = "1"
		}
		require.NoError(t, land(t, l, line))
		require.NoError(t, land(t, l, "2"))
		assert.Equal(t, []string{"in/f-1000001.json", "in/f-1000002.json"}, b.added(), c.what)
		assert.Equal(t, c.puts+1, b.puts, c.what)
		assert.LessOrEqual(t, b.lists, c.lists, c.what)
		assert.LessOrEqual(t, b.heads, c.heads, c.what)
		t.Logf("%s: %d PutObject, %d ListObjectsV2, %d HeadObject", c.what, b.puts, b.lists, b.heads)
	}
}

// gapped are the keys of five names, of which one lacks some numbers.
func gapped() (keys []string) {
	for i := range 300 {
		number, v := i/5+1, i%5
		if v != 2 || number%16 != 1 || number == 1 {
			keys = append(keys, fmt.Sprintf("in/%05d-t%d.json", number, v))
		}
	}
	return keys
}

// TestTheEndIsFoundInEveryName continues numbers where other keys stand between
// them.
func TestTheEndIsFoundInEveryName(t *testing.T) {
	tenants := func(n int) (keys []string) {
		for i := range n {
			keys = append(keys, fmt.Sprintf("in/%05d-t%03d.json", i/100+1, i%100))
		}
		return keys
	}
	for _, c := range []struct {
		what, file, value string
		keys              []string
		want              string
	}{
		{"a fresh name", "f-{{chunk_id}}", "", nil, "in/f-00001.json"},
		{"other names around it", "f-{{chunk_id}}", "", []string{"in/e-00009.json", "in/f--00009.json", "in/f-00003.csv", "in/g-00009.json"}, "in/f-00001.json"},
		{"foreign objects between", "f-{{chunk_id}}", "", append(numbered(300, "in/f-%05d.json"), append(numbered(300, "in/f-%05d.json.bak"), "in/f-20250203.json", "in/f-notes.json")...), "in/f-00301.json"},
		{"an object under a unique name between", "f-{{chunk_id}}", "", append(numbered(20, "in/f-%05d.json"), numbered(20, "in/f-%05d-01981b5e-0000-7000-8000-000000000000.json")...), "in/f-00021.json"},
		{"the first ones were moved away", "f-{{chunk_id}}", "", numbered(500, "in/f-%05d.json")[400:], "in/f-00501.json"},
		{"a gap", "f-{{chunk_id}}", "", append(numbered(100, "in/f-%05d.json"), "in/f-00300.json"), "in/f-00301.json"},
		{"just outgrown five digits", "f-{{chunk_id}}", "", numbered(100_003, "in/f-%05d.json"), "in/f-100004.json"},
		{"nothing left below six digits", "f-{{chunk_id}}", "", numbered(100_050, "in/f-%05d.json")[100_020:], "in/f-100051.json"},
		{"the id first, among others", "{{chunk_id}}-{{v}}", "t042", tenants(100_000), "in/01001-t042.json"},
		{"the id first, a gap among others", "{{chunk_id}}-{{v}}", "t2", gapped(), "in/00061-t2.json"},
		{"the id first, outgrown", "{{chunk_id}}-{{v}}", "t042", append(numbered(123_456, "in/%05d-t042.json"), tenants(10_000)...), "in/123457-t042.json"},
		{"the id first, the clock behind", "{{chunk_id}}-{{H}}", "", numbered(70, "in/%05d-15.json"), "in/00071-15.json"},
		{"a name that others begin with", "{{v}}-{{chunk_id}}", "t", append(numbered(100_000, "in/t-0-%05d.json"), "in/t-00001.json"), "in/t-00002.json"},
		{"a number that is appended", "f", "", append(numbered(999, "in/f-%05d.json"), "in/f.json", "in/f-a.json", "in/fa.json"), "in/f-01000.json"},
		{"a number that is appended, the second", "f", "", []string{"in/f.json"}, "in/f-00002.json"},
		{"in the folder and the name", "{{chunk_id}}x{{chunk_id}}", "", numbered(40, "in/%05[1]dx%05[1]d.json"), "in/00041x00041.json"},
	} {
		for _, denyList := range []bool{false, true} {
			if denyList && len(c.keys) >= 100_000 && !long.Wanted() {
				continue // one of both tells
			}
			if denyList && strings.Contains(c.what, "a gap") || denyList && strings.Contains(c.what, "away") || denyList && strings.Contains(c.what, "left") {
				continue // reading cannot see across gaps
			}
			b := newBucket(c.keys...)
			b.denyList = denyList
			l := lander(t, b, c.file)
			o := object(t, l, c.value, large("1"))
			key, err := l.Land(t.Context(), o)
			o.Encoded.Release()
			require.NoError(t, err)
			assert.Equal(t, c.want, key, "%s, listing denied: %v", c.what, denyList)
			assert.LessOrEqual(t, b.lists, 30, c.what)
			assert.Equal(t, 1, b.puts, "%s: nothing is uploaded in vain", c.what)
		}
	}
}

// TestNothingIsLookedForWhereNoNumberCanBeTaken: names that hold a uuid or the
// second in which they were opened cost no listing, however large the object.
func TestNothingIsLookedForWhereNoNumberCanBeTaken(t *testing.T) {
	for _, file := range []string{"f-{{uuid}}", "{{chunk_id}}-{{uuid}}", "f-{{timestamp}}", "{{timestamp}}-{{chunk_id}}", "f-{{H}}{{M}}{{S}}"} {
		b := newBucket()
		l := lander(t, b, file)
		require.NoError(t, land(t, l, large("1")))
		assert.Equal(t, [3]int{1, 0, 0}, [3]int{b.puts, b.lists, b.heads}, file)
		assert.Equal(t, file == "f-{{uuid}}", len(l.names.recent) == 0, "%s: what holds a uuid and no number is not remembered", file)
	}
}

// TestWhatIsMissingTellsNothingOfTheRightToRead: without the right to list, S3
// denies what is not there.
func TestWhatIsMissingTellsNothingOfTheRightToRead(t *testing.T) {
	b := newBucket(numbered(300, "in/f-%05d.json")...)
	b.denyList = true
	fresh := lander(t, b, "g-{{chunk_id}}")
	require.NoError(t, land(t, fresh, large("1")))
	assert.Equal(t, []string{"in/g-00001.json"}, b.added())
	fresh.cfg.Data.Namer = layout(t, "f-{{chunk_id}}")
	require.NoError(t, land(t, fresh, large("2")))
	assert.Equal(t, "in/f-00301.json", b.added()[0])
	assert.Equal(t, 2, b.puts, "nothing is uploaded in vain")
	assert.Equal(t, 1, b.lists, "a refused listing is not tried again")
}

// TestWithoutAnyRightNumbersDouble: what can be found out only by uploading is
// found out in a few uploads, and the object lands whatever comes of it.
func TestWithoutAnyRightNumbersDouble(t *testing.T) {
	for _, n := range []int{1, 10, 100, 1000, 20_000, million} {
		if n == million && !long.Wanted() {
			continue
		}
		keys := newBucket(numbered(n, "in/f-%05d.json")...).sorted
		for range 5 { // they jump by chance
			synctest.Test(t, func(t *testing.T) {
				b := newBucket()
				b.sorted = slices.Clone(keys)
				b.denyList, b.denyHead = true, true
				l := lander(t, b, "f-{{chunk_id}}")
				landed := 0
				for plain := false; !plain; landed++ {
					before, began := b.puts, time.Now()
					o := object(t, l, "", fmt.Sprint(landed))
					key, err := l.Land(t.Context(), o)
					require.NoError(t, err)
					assert.LessOrEqual(t, b.puts-before, maxTaken+1, "of one object")
					assert.Equal(t, b.puts-before > freeTries+1, time.Since(began) > 0, "with pauses after the first tries")
					plain = len(key) < len("in/f-00001-01981b5e-0000-7000-8000-000000000000.json")
				}
				assert.LessOrEqual(t, landed, 4, "the next object goes on where this one gave up")
				assert.Equal(t, 1, b.lists, "a refused listing is not tried again")
				assert.Equal(t, 1, b.heads, "nor is reading")
				if n <= 100 {
					assert.Equal(t, 1, landed, "%d objects are within reach", n)
				}
				next := b.puts
				require.NoError(t, land(t, l, "1"))
				assert.Equal(t, next+1, b.puts, "from there on numbers are free")
			})
		}
	}
}

// TestNumbersComeToAnEnd: names are unique from then on.
func TestNumbersComeToAnEnd(t *testing.T) {
	b := newBucket(fmt.Sprintf("in/f-%05d.json", template.MaxNumber-1))
	l := lander(t, b, "f-{{chunk_id}}")
	for range 3 {
		require.NoError(t, land(t, l, large("1")))
	}
	added := b.added()
	require.Len(t, added, 3)
	for i, want := range []string{`^in/f-9999999-` + unique.String(), `^in/f-9999999-` + unique.String(), `^in/f-9999999\.json$`} {
		assert.Regexp(t, want, added[i])
	}
}

// TestObjectsThatAreUploadedAtOnceLookOnce: a restart with many uploads under
// way sends none of them in vain, and they wait for the look alone.
func TestObjectsThatAreUploadedAtOnceLookOnce(t *testing.T) {
	for _, line := range []string{"1", large("1")} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket(numbered(200, "in/f-%05d.json")...)
			b.latency = time.Second
			l := lander(t, b, "f-{{chunk_id}}")
			began := time.Now()
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() { assert.NoError(t, land(t, l, line)) })
			}
			wg.Wait()
			assert.Len(t, b.keys(), 216)
			vain := b.puts - 16
			assert.LessOrEqual(t, vain, 1, "one finds out, the others wait for it")
			assert.LessOrEqual(t, b.lists, 20)
			assert.Equal(t, "in/f-00201.json", b.added()[0])
			assert.Equal(t, "in/f-00216.json", b.added()[15])
			assert.Equal(t, time.Duration(vain+b.lists+1)*time.Second, time.Since(began), "all uploads run at once after that")
		})
	}
}

// TestAWriterThatWasLeftBehindLooks: a process that was frozen finds the end
// that others have moved far away.
func TestAWriterThatWasLeftBehindLooks(t *testing.T) {
	b := newBucket()
	l := lander(t, b, "f-{{chunk_id}}")
	require.NoError(t, land(t, l, "1"))
	b.sorted = numbered(50_000, "in/f-%05d.json")
	o := object(t, l, "", "2")
	defer o.Encoded.Release()
	key, err := l.Land(t.Context(), o)
	require.NoError(t, err)
	assert.LessOrEqual(t, b.puts, 1+freeTries+1)
	assert.Len(t, key, len("in/f-50001.json"))
	assert.Greater(t, key, "in/f-50000.json")
}

// TestTheScoutIsReplaced: whoever looks for the end may fail, and the next one
// takes over.
func TestTheScoutIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket("in/f-00001.json")
		b.latency = time.Second
		refused := 2
		b.before = func(store.Object) error {
			if refused--; refused >= 0 {
				return denied(store.OpPutObject)
			}
			return nil
		}
		l := lander(t, b, "f-{{chunk_id}}")
		var failed sync.Map
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				if err := land(t, l, fmt.Sprint(i)); err != nil {
					failed.Store(i, err)
				}
			})
		}
		wg.Wait()
		n := 0
		failed.Range(func(_, err any) bool { n++; return assert.Equal(t, store.ClassDenied, store.ClassOf(err.(error))) })
		assert.Equal(t, 2, n)
		assert.Len(t, b.added(), 3)
	})
}

// TestWritersOfOneNameDoNotStampede runs writers in as many processes under one
// name and counts uploads.
func TestWritersOfOneNameDoNotStampede(t *testing.T) {
	number := regexp.MustCompile(`^in/f-(\d+)\.json$`)
	for _, rights := range []string{"list", "read", "none"} {
		for _, writers := range []int{2, 8, 64} {
			for _, each := range []int{10, 40} {
				synctest.Test(t, func(t *testing.T) {
					b := newBucket()
					b.latency = 20 * time.Millisecond
					b.denyList, b.denyHead = rights != "list", rights == "none"
					var wg sync.WaitGroup
					for w := range writers {
						wg.Go(func() {
							l := lander(t, b, "f-{{chunk_id}}")
							for i := range each {
								time.Sleep(rand.N(20 * time.Millisecond))
								assert.NoError(t, land(t, l, fmt.Sprintf("1%d%d", w, i)))
							}
						})
					}
					wg.Wait()
					objects := b.keys()
					require.Len(t, objects, writers*each)
					highest, unique := 0, 0
					for _, key := range objects {
						if m := number.FindStringSubmatch(key); m == nil {
							unique++
						} else {
							n := 0
							_, _ = fmt.Sscan(m[1], &n)
							highest = max(highest, n)
						}
					}
					each := float64(b.puts) / float64(len(objects))
					t.Logf("rights: %s; %d writers, %d objects: %.2f PutObject and %.2f looks an object, highest number %d, %d unique names",
						rights, writers, len(objects), each, float64(b.lists+b.heads)/float64(len(objects)), highest, unique)
					assert.LessOrEqual(t, each, 2.5)
					assert.LessOrEqual(t, highest, 100*len(objects), "numbers stay small")
					assert.LessOrEqual(t, unique, len(objects)/10)
				})
			}
		}
	}
}

// TestAWriterAloneCountsWithoutGaps: what keeps writers apart costs one alone
// nothing, also after others have gone.
func TestAWriterAloneCountsWithoutGaps(t *testing.T) {
	b := newBucket()
	one, two := lander(t, b, "f-{{chunk_id}}"), lander(t, b, "f-{{chunk_id}}")
	for i := range 20 {
		require.NoError(t, land(t, one, fmt.Sprint(i)))
		require.NoError(t, land(t, two, fmt.Sprint(i)))
	}
	before := b.puts
	var last int
	for i := range 50 {
		o := object(t, one, "", fmt.Sprint(i))
		key, err := one.Land(t.Context(), o)
		require.NoError(t, err)
		n := 0
		_, err = fmt.Sscanf(key, "in/f-%d.json", &n)
		require.NoError(t, err)
		if i > 20 {
			assert.Equal(t, last+1, n)
		}
		last = n
	}
	assert.LessOrEqual(t, b.puts-before, 55)
}
