package directory

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/store/auth"
	"github.com/s3-destination/s3-destination/internal/testutil/long"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// objects is what the rest of the program asks of a store.
type objects interface {
	Put(ctx context.Context, o store.Object) (store.Result, error)
	Get(ctx context.Context, key string, most int64) ([]byte, string, error)
	Head(ctx context.Context, key string) (map[string]string, error)
	List(ctx context.Context, prefix, after string, limit int) ([]string, error)
	Delete(ctx context.Context, key string) error
	Listing(ctx context.Context, prefix, after string, limit int) ([]store.Listed, error)
	Stat(ctx context.Context, key string) (store.About, error)
	Range(ctx context.Context, key string, off, n int64) ([]byte, error)
}

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(Config{Dir: t.TempDir(), Metadata: map[string]string{"Team": "data"}})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func bucket(t *testing.T) *store.Store {
	t.Helper()
	server := s3test.StartT(t, s3test.Config{})
	s, err := store.New(t.Context(), store.Config{
		Bucket: server.Bucket, Region: "us-east-1", Endpoint: server.URL, ForcePathStyle: true, Metadata: map[string]string{"team": "data"},
		Auth:  auth.Config{Mode: auth.ModeAccessKey, AccessKeyID: server.AccessKey, SecretAccessKey: server.SecretKey},
		Retry: store.RetryConfig{MaxRetries: 1, InitialInterval: 1, MaxInterval: 1},
	})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// both runs a test against a directory and against a bucket.
func both(t *testing.T, test func(t *testing.T, s objects)) {
	t.Run("directory", func(t *testing.T) { test(t, open(t)) })
	t.Run("bucket", func(t *testing.T) { test(t, bucket(t)) })
}

func object(key, content string) store.Object {
	return store.Object{Key: key, Body: store.BodyOf([]byte(content))}
}

func TestADirectoryAnswersAsABucketDoes(t *testing.T) {
	both(t, func(t *testing.T, s objects) {
		ctx := t.Context()
		o := object("in/a/f-1.json", "one")
		o.IfNoneMatch, o.Identity, o.Metadata = true, "id-1", map[string]string{"s3d-rows": "1", "s3d-source": "ü"}
		_, err := s.Put(ctx, o)
		require.NoError(t, err)
		found, err := s.Head(ctx, o.Key)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"team": "data", "s3d-identity": "id-1", "s3d-rows": "1", "s3d-source": "ü"}, found)

		other := object(o.Key, "two")
		other.IfNoneMatch, other.Identity = true, "id-2"
		_, err = s.Put(ctx, other)
		require.ErrorIs(t, err, store.ErrExists)
		assert.Equal(t, store.ClassExists, store.ClassOf(err))
		other.MayExist = true
		_, err = s.Put(ctx, other)
		require.ErrorIs(t, err, store.ErrExists, "the object is another one")
		o.MayExist = true
		r, err := s.Put(ctx, o)
		require.NoError(t, err)
		assert.True(t, r.Recovered)

		content, version, err := s.Get(ctx, o.Key, 10)
		require.NoError(t, err)
		assert.Equal(t, "one", string(content))
		_, _, err = s.Get(ctx, o.Key, 2)
		require.ErrorContains(t, err, "more than 2 bytes")
		replacing := object(o.Key, "three")
		replacing.IfMatch = version
		r, err = s.Put(ctx, replacing)
		require.NoError(t, err)
		_, err = s.Put(ctx, replacing)
		require.ErrorIs(t, err, store.ErrChanged, "it is replaced already")
		content, version, err = s.Get(ctx, o.Key, 10)
		require.NoError(t, err)
		assert.Equal(t, "three", string(content))
		assert.Equal(t, r.ETag, version)

		_, err = s.Put(ctx, object(o.Key, "four"))
		require.NoError(t, err, "without a condition it is replaced")
		require.NoError(t, s.Delete(ctx, o.Key))
		require.NoError(t, s.Delete(ctx, o.Key))
		_, err = s.Head(ctx, o.Key)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, _, err = s.Get(ctx, o.Key, 10)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.Head(ctx, "in/a")
		require.ErrorIs(t, err, store.ErrNotFound, "a folder is no object")
		replacing.IfMatch = version
		_, err = s.Put(ctx, replacing)
		require.ErrorIs(t, err, store.ErrChanged, "it is gone")
	})
}

func TestWhatLandedIsToldAsABucketDoes(t *testing.T) {
	both(t, func(t *testing.T, s objects) {
		ctx := t.Context()
		o := object("in/f.json", "0123456789")
		o.ContentType, o.Metadata = "application/x-ndjson", map[string]string{"s3d-rows": "1"}
		r, err := s.Put(ctx, o)
		require.NoError(t, err)
		_, err = s.Put(ctx, object("in/g.json", ""))
		require.NoError(t, err)
		listed, err := s.Listing(ctx, "in/", "", 10)
		require.NoError(t, err)
		require.Len(t, listed, 2)
		assert.Equal(t, "in/f.json", listed[0].Key)
		assert.EqualValues(t, 10, listed[0].Size)
		assert.WithinDuration(t, time.Now(), listed[0].Modified, time.Minute)
		assert.Zero(t, listed[1].Size)
		about, err := s.Stat(ctx, "in/f.json")
		require.NoError(t, err)
		assert.Equal(t, "in/f.json", about.Key)
		assert.EqualValues(t, 10, about.Size)
		assert.Equal(t, r.ETag, about.ETag)
		assert.Equal(t, "application/x-ndjson", about.ContentType)
		assert.Equal(t, "1", about.Metadata["s3d-rows"])
		_, err = s.Stat(ctx, "in/h.json")
		require.ErrorIs(t, err, store.ErrNotFound)
		for want, at := range map[string][2]int64{"234": {2, 3}, "89": {8, 5}, "": {3, 0}} {
			part, err := s.Range(ctx, "in/f.json", at[0], at[1])
			require.NoError(t, err)
			assert.Equal(t, want, string(part))
		}
		_, err = s.Range(ctx, "in/h.json", 0, 1)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

// Keys in the order of their bytes are not in that of the names of files: a slash
// sorts behind a dash.
func TestListsAreInTheOrderOfABucket(t *testing.T) {
	keys := []string{"a-b/1", "a/1", "a/2", "a/b/c", "a0", "a/b-1", "z", "a/b.json"}
	s := open(t)
	for _, key := range keys {
		_, err := s.Put(t.Context(), object(key, key))
		require.NoError(t, err)
	}
	sorted := slices.Sorted(slices.Values(keys))
	for _, prefix := range []string{"", "a", "a/", "a/b", "a-", "q", "q/", "a/b/", "/", "../", "a/1/"} {
		for _, after := range append([]string{"", "a/a", "a/b/z", "a.", "zz"}, keys...) {
			for _, limit := range []int{1, 3, 100} {
				var want []string
				for _, key := range sorted {
					if strings.HasPrefix(key, prefix) && key > after && len(want) < limit {
						want = append(want, key)
					}
				}
				found, err := s.List(t.Context(), prefix, after, limit)
				require.NoError(t, err)
				require.Equal(t, want, found, "%q after %q", prefix, after)
			}
		}
	}
}

func TestOneOfManyWritersHasAKey(t *testing.T) {
	s := open(t)
	again, err := Open(Config{Dir: s.cfg.Dir}) // as another process has it
	require.NoError(t, err)
	defer again.Close()
	_, version := must2(s.Put(t.Context(), object("shared", "0")))
	var stored, replaced atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			to := []*Store{s, again}[i%2]
			o := object("new/folder/f", fmt.Sprint(i))
			o.IfNoneMatch = true
			_, err := to.Put(t.Context(), o)
			if err == nil {
				stored.Add(1)
			} else {
				assert.ErrorIs(t, err, store.ErrExists)
			}
			o = object("shared", fmt.Sprint("by ", i))
			o.IfMatch = version
			if _, err = to.Put(t.Context(), o); err == nil {
				replaced.Add(1)
			} else {
				assert.ErrorIs(t, err, store.ErrChanged)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, stored.Load())
	assert.EqualValues(t, 1, replaced.Load())
	assert.Equal(t, []string{draftsLock, draftsLock}, temporaries(t, s.cfg.Dir), "one for each of the two")
}

// temporaries are the names of files that are no objects yet, without their folders.
func temporaries(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, temporary), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, e.Name())
		}
		return err
	}))
	return names
}

// What a process has left that was killed is removed by the next one that writes. What
// others are writing stays.
func TestLeftoversAreRemovedAndNothingElse(t *testing.T) {
	s := open(t)
	_, err := s.Put(t.Context(), object("a", "x"))
	require.NoError(t, err)
	writing := filepath.Join(s.cfg.Dir, s.drafts.folder, "half")
	require.NoError(t, os.WriteFile(writing, []byte("by one that lives"), 0o600))
	dead := filepath.Join(s.cfg.Dir, temporary, "dead")
	require.NoError(t, os.Mkdir(dead, 0o700))
	for _, name := range []string{draftsLock, "half"} {
		require.NoError(t, os.WriteFile(filepath.Join(dead, name), nil, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.cfg.Dir, temporary, "stray"), nil, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(s.cfg.Dir, temporary, "unlocked"), 0o700))

	next, err := Open(Config{Dir: s.cfg.Dir})
	require.NoError(t, err)
	_, err = next.List(t.Context(), "", "", 10)
	require.NoError(t, err)
	assert.DirExists(t, dead, "who only looks changes nothing")
	_, err = next.Put(t.Context(), object("b", "x"))
	require.NoError(t, err)
	assert.FileExists(t, writing)
	assert.ElementsMatch(t, []string{"half", draftsLock, draftsLock}, temporaries(t, s.cfg.Dir))
	next.Close()
	assert.ElementsMatch(t, []string{"half", draftsLock}, temporaries(t, s.cfg.Dir))

	require.NoError(t, os.RemoveAll(filepath.Join(s.cfg.Dir, temporary)))
	_, err = s.Put(t.Context(), object("c", "x"))
	require.NoError(t, err, "somebody has tidied up")
	s.Close()
	assert.Empty(t, temporaries(t, s.cfg.Dir))
}

func must2(r store.Result, err error) (store.Result, string) {
	if err != nil {
		panic(err)
	}
	return r, r.ETag
}

func TestKeysStayInTheDirectory(t *testing.T) {
	s := open(t)
	outside := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(s.cfg.Dir, "out")))
	for _, key := range []string{
		"../a", "a/../../b", "/etc/a", "a//b", "a/", ".", "./a", "a/./b", "a\x00b",
		".s3d-tmp/a", ".s3d-lock", "a/.b.s3d-meta",
	} {
		for _, condition := range []bool{false, true} {
			o := object(key, "x")
			o.IfNoneMatch = condition
			_, err := s.Put(t.Context(), o)
			require.Equal(t, store.ClassInvalid, store.ClassOf(err), key)
			require.ErrorContains(t, err, "change", "what to do about "+key)
		}
		_, err := s.Head(t.Context(), key)
		require.Error(t, err)
	}
	_, err := s.Put(t.Context(), object("out/a", "x"))
	require.Error(t, err)
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	assert.Empty(t, left, "not even over a link")
}

// Each key that is taken has a file of its own, which List finds under that key.
func TestEveryKeyHasAFileOfItsOwn(t *testing.T) {
	long.Skip(t) // each file is synced
	s := open(t)
	n := 0
	property.Check(t, func(rt *rapid.T) {
		n++
		keys := rapid.SliceOfN(rapid.StringMatching(`[a-b. %\-/\\é]{1,8}`), 1, 6).Draw(rt, "keys")
		prefix := fmt.Sprintf("%d/", n)
		want := map[string]string{}
		for i, key := range keys {
			o := object(prefix+key, fmt.Sprint(i))
			o.IfNoneMatch = true
			if _, err := s.Put(t.Context(), o); err == nil {
				want[o.Key] = fmt.Sprint(i)
			}
		}
		found, err := s.List(t.Context(), prefix, "", 100)
		require.NoError(rt, err)
		require.Len(rt, found, len(want))
		for _, key := range found {
			content, _, err := s.Get(t.Context(), key, 100)
			require.NoError(rt, err)
			require.Equal(rt, want[key], string(content), key)
		}
	})
}

// A process that ends between an object and its metadata leaves an object of which
// nobody can tell whose it is.
func TestAnObjectWithoutMetadataMayBeOurs(t *testing.T) {
	s := open(t)
	require.NoError(t, os.WriteFile(filepath.Join(s.cfg.Dir, "f"), []byte("x"), 0o600))
	o := object("f", "x")
	o.IfNoneMatch, o.Identity = true, "id"
	_, err := s.Put(t.Context(), o)
	var e *store.Error
	require.ErrorAs(t, err, &e)
	assert.False(t, e.OutcomeUnknown, "this is the first try")
	o.MayExist = true
	_, err = s.Put(t.Context(), o)
	require.ErrorIs(t, err, store.ErrExists)
	require.ErrorAs(t, err, &e)
	assert.True(t, e.OutcomeUnknown)
	found, err := s.Head(t.Context(), "f")
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err    error
		class  store.Class
		advice string
	}{
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, store.ClassDenied, "make room"},
		{&fs.PathError{Op: "openat", Path: "x", Err: syscall.EACCES}, store.ClassDenied, "let this process write"},
		{&os.LinkError{Op: "linkat", Err: syscall.EPERM}, store.ClassDenied, "hard links"},
		{&os.LinkError{Op: "linkat", Err: syscall.ENOTSUP}, store.ClassDenied, "hard links"},
		{&fs.PathError{Op: "mkdirat", Err: syscall.ENOTDIR}, store.ClassInvalid, "cannot be a folder too"},
		{&fs.PathError{Op: "openat", Err: syscall.ENOENT}, store.ClassNoBucket, "somebody has removed it"},
		{&fs.PathError{Op: "write", Err: syscall.EIO}, store.ClassNetwork, "look at the disk"},
		{context.Canceled, store.ClassCanceled, ""},
	} {
		err := (&Store{cfg: Config{Dir: "/d"}}).failure(store.OpPutObject, "k", c.err)
		assert.Equal(t, c.class, store.ClassOf(err), "%v", c.err)
		assert.ErrorContains(t, err, "uploading /d/k: "+string(c.class))
		assert.ErrorContains(t, err, c.advice)
		assert.ErrorIs(t, err, c.err)
	}
}

func TestAnObjectUnderTheNameOfAFolderIsRefused(t *testing.T) {
	s := open(t)
	_, err := s.Put(t.Context(), object("a/b", "x"))
	require.NoError(t, err)
	_, err = s.Put(t.Context(), object("a/b/c", "x"))
	require.ErrorContains(t, err, "a file cannot be a folder too")
	o := object("a", "x")
	o.IfNoneMatch = true
	_, err = s.Put(t.Context(), o)
	require.ErrorIs(t, err, store.ErrExists, "the next name may be free")
}

func TestADirectoryThatCannotBeMadeIsToldAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(Config{Dir: filepath.Join(file, "dir")})
	require.ErrorContains(t, err, "name one that this process may write to")
}
