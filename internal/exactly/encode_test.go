package exactly

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// sealed makes metadata of what stands between version and checksum.
func sealed(v byte, b []byte) string {
	b = append([]byte{v}, b...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return prefix + encoding.EncodeToString(b)
}

var update = flag.Bool("update", false, "write testdata anew")

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		var epochs []Epoch
		for range rapid.IntRange(0, 4).Draw(t, "epochs") {
			epochs = append(epochs, drawEpoch(t))
		}
		text, err := Encode("events", epochs, math.MaxInt)
		require.NoError(t, err)
		got, err := Decode("events", text)
		require.NoError(t, err)
		require.Equal(t, epochs, got)
	})
}

// FuzzDecode: whatever can be read at all is written again as it was read.
func FuzzDecode(f *testing.F) {
	for _, epochs := range [][]Epoch{{epochOf(1, 0)}, {epochOf(3, 2), epochOf(2, 0)}} {
		text, err := Encode("events", epochs, math.MaxInt)
		require.NoError(f, err)
		b, err := encoding.DecodeString(strings.TrimPrefix(text, prefix))
		require.NoError(f, err)
		f.Add(b[1 : len(b)-4])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		epochs, err := Decode("events", sealed(version, b))
		if err != nil {
			require.ErrorIs(t, err, ErrUnreadable)
			return
		}
		text, err := Encode("events", epochs, math.MaxInt)
		require.NoError(t, err)
		again, err := Decode("events", text)
		require.NoError(t, err)
		require.Len(t, again, len(epochs))
		for i := range epochs {
			require.Equal(t, epochs[i], again[i])
		}
	})
}

// TestEverythingDamagedIsNoticed changes each byte of an encoding, and cuts it
// off at each.
func TestEverythingDamagedIsNoticed(t *testing.T) {
	text, err := Encode("events", []Epoch{epochOf(3, 2), epochOf(2, 0)}, math.MaxInt)
	require.NoError(t, err)
	for i := len(prefix); i < len(text); i++ {
		_, err := Decode("events", text[:i])
		require.ErrorIs(t, err, ErrUnreadable, "cut off at %d", i)
		changed := []byte(text)
		changed[i] = 'A' + (changed[i]-'A'+1)%26
		if string(changed) == text {
			continue
		}
		_, err = Decode("events", string(changed))
		require.ErrorIs(t, err, ErrUnreadable, "changed at %d", i)
	}
}

// TestWhatStandsBesideEpochsIsNotIgnored: a later version may mean something by it.
func TestWhatStandsBesideEpochsIsNotIgnored(t *testing.T) {
	e := epochOf(1, 0)
	b := e.append([]byte{1}, "events", true)
	_, err := Decode("events", sealed(version, b))
	require.NoError(t, err)
	_, err = Decode("events", sealed(version, append(b[:len(b):len(b)], 0)))
	require.ErrorIs(t, err, ErrUnreadable, "a byte more")
	b[1] |= 1 << 2
	_, err = Decode("events", sealed(version, b))
	assert.ErrorIs(t, err, ErrUnreadable, "a flag that is not known")
}

func TestWhatIsNotOursHoldsNoEpochs(t *testing.T) {
	for _, s := range []string{"", "consumer-1", "s3", `{"checkpoint":7}`} {
		epochs, err := Decode("events", s)
		require.NoError(t, err)
		assert.Empty(t, epochs)
	}
}

// TestWhatALaterVersionWroteStopsThisOne: to go on without it would double what
// it says.
func TestWhatALaterVersionWroteStopsThisOne(t *testing.T) {
	_, err := Decode("events", sealed(version+1, []byte{0}))
	assert.ErrorIs(t, err, ErrUnreadable)
	assert.ErrorContains(t, err, "run the latest one")
}

// TestSizes holds the encoding to what the broker's default limit has to do for:
// an epoch that is uploaded and one that grows.
func TestSizes(t *testing.T) {
	for _, c := range []struct{ partitions, early, most int }{
		{1, 0, 135},
		{12, 0, 400},
		{12, 25, 2600},
		{100, 0, 2600},
	} {
		e := epochOf(c.partitions, c.early)
		text, err := Encode("events", []Epoch{e, e}, DefaultLimit)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(text), c.most, "%+v", c)
		assert.Greater(t, len(text), c.most*9/10, "%+v", c)
		_, err = Encode("events", []Epoch{e, e}, len(text))
		assert.NoError(t, err)
		_, err = Encode("events", []Epoch{e, e}, len(text)-1)
		assert.ErrorIs(t, err, ErrTooLarge)
	}
}

func TestWhatCannotBeIsNotEncoded(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(e *Epoch)
		want  string
	}{
		{"no lane", func(e *Epoch) { e.Lane = nil }, "no Kafka partition"},
		{"out of order", func(e *Epoch) { e.Lane[0].ID = 9 }, "not in order"},
		{"twice the same", func(e *Epoch) { e.Lane[1].ID = 0 }, "not in order"},
		{"ends before its start", func(e *Epoch) { e.Lane[1].End = 1 }, "cannot be"},
		{"open with an end", func(e *Epoch) { e.Closed = false }, "cannot be"},
		{"cut before the start", func(e *Epoch) { e.Early[0].Cuts[1] = 0 }, "cannot be"},
		{"cut above the end", func(e *Epoch) { e.Early[0].Cuts[1] = math.MaxInt64 }, "cannot be"},
		{"a cut for each", func(e *Epoch) { e.Early[0].Cuts = nil }, "lacks"},
		{"cuts in no order", func(e *Epoch) {
			e.Early = []Early{
				{1, []int64{e.Lane[0].Start + 1, e.Lane[1].Start, e.Lane[2].Start}},
				{1, []int64{e.Lane[0].Start, e.Lane[1].Start + 1, e.Lane[2].Start}},
			}
		}, "in no order"},
		{"refused elsewhere", func(e *Epoch) { e.Refused = []Place{{3, e.Lane[0].Start}} }, "does not have"},
		{"refused above the end", func(e *Epoch) { e.Refused = []Place{{0, e.Lane[0].End}} }, "does not have"},
		{"a clock that is not set", func(e *Epoch) { e.Clock = time.Time{} }, "1970"},
	} {
		e := epochOf(3, 2)
		_, err := Encode("events", []Epoch{e}, math.MaxInt)
		require.NoError(t, err)
		c.spoil(&e)
		_, err = Encode("events", []Epoch{e}, math.MaxInt)
		assert.ErrorContains(t, err, c.want, c.name)
		if len(e.Lane) > 0 && e.Closed && len(e.Early[0].Cuts) == len(e.Lane) && (e.Refused == nil || e.Refused[0].Member < len(e.Lane)) {
			_, err = Decode("events", sealed(version, e.append([]byte{1}, "events", true)))
			assert.ErrorIs(t, err, ErrUnreadable, "%s, as somebody else may have written it", c.name)
		}
	}
	_, err := Encode("events", make([]Epoch, MostEpochs+1), math.MaxInt)
	assert.ErrorIs(t, err, ErrTooLarge)
}

// TestWhatAnOlderVersionWroteIsRead: what is committed outlives the program.
func TestWhatAnOlderVersionWroteIsRead(t *testing.T) {
	open := epochOf(2, 3)
	open.Closed, open.Inexact = false, true
	for i := range open.Lane {
		open.Lane[i].End = 0
	}
	closed := epochOf(3, 1)
	closed.Lane[2].Topic = "orders"
	closed.Refused = []Place{{1, closed.Lane[1].Start + 5}}
	want := []Epoch{closed, open}
	if *update {
		s, err := Encode("events", want, math.MaxInt)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(fixture(version, "txt"), []byte(s+"\n"), 0o600))
		j, err := json.MarshalIndent(want, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(fixture(version, "json"), append(j, '\n'), 0o600))
	}
	for v := version; v >= firstVersion; v-- {
		if v == 1 { // it had no leaders
			for _, e := range want {
				for i := range e.Lane {
					e.Lane[i].Leader = 0
				}
			}
		}
		b, err := os.ReadFile(fixture(v, "txt"))
		require.NoError(t, err)
		got, err := Decode("events", strings.TrimSpace(string(b)))
		require.NoError(t, err)
		assert.Equal(t, want, got, "version %d", v)
		j, err := os.ReadFile(fixture(v, "json"))
		require.NoError(t, err)
		var written []Epoch
		require.NoError(t, json.Unmarshal(j, &written))
		assert.Equal(t, written, got, "version %d", v)
	}
}

func fixture(version int, ext string) string {
	return fmt.Sprintf("testdata/version-%d.%s", version, ext)
}

// TestWithoutLeadersNothingIsLonger than in the version that had none.
func TestWithoutLeadersNothingIsLonger(t *testing.T) {
	b, err := os.ReadFile(fixture(firstVersion, "txt"))
	require.NoError(t, err)
	want := strings.TrimSpace(string(b))
	epochs, err := Decode("events", want)
	require.NoError(t, err)
	got, err := Encode("events", epochs, len(want))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
