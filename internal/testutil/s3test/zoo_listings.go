package s3test

import (
	"encoding/xml"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// listings are stores whose ListObjectsV2 is not what a numbering would like.
func listings() []Mode {
	return []Mode{
		{
			Name:   "express-directory-bucket",
			About:  "S3 Express One Zone lists in no order and has no StartAfter; its ETags are no hashes",
			Source: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html",
			Store:  both(always(opaqueETag), list(listing{unordered: true})),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "storj",
			About:  "Storj lists in the order of its encrypted keys, and begins after StartAfter in that order",
			Source: "https://github.com/storj/gateway-st/issues/49",
			Store:  list(listing{unordered: true, startAfter: true}),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "listing-lags",
			About:  "Listings of S3 before December 2020, of Ceph's second zone and of caches show an object some time after it was stored",
			Source: "https://aws.amazon.com/blogs/aws/amazon-s3-update-strong-read-after-write-consistency/",
			Store:  list(listing{startAfter: true, lag: 2}),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "listing-loops",
			About:  "A gateway that ignores start-after and continuation-token shows the first page for ever",
			Source: "https://github.com/findify/s3mock/issues/102",
			Store:  list(listing{endless: true}),
			Single: Once(), Multipart: Once(),
		},
		{
			Name:   "listing-is-empty",
			About:  "A gateway that lists nothing, with a success, since the prefix is another one behind it",
			Store:  list(listing{lag: 1 << 30}),
			Single: Once(), Multipart: Once(),
		},
	}
}

// listing is a way to answer ListObjectsV2.
type listing struct {
	unordered  bool // by a hash of the key
	startAfter bool // honoured
	endless    bool // the first page again and again
	lag        int  // how many listings hide a new key
}

// list answers ListObjectsV2 in the given way.
func list(l listing) Layer {
	return func(s *Server) Action {
		h := &hider{left: map[string]int{}, lag: l.lag}
		return only(func(x *Exchange) {
			keys := slices.DeleteFunc(s.Keys(x.Req.Key), h.hides)
			l.page(keys, x).write(x.W)
		}, "ListObjectsV2")
	}
}

type hider struct {
	mu   sync.Mutex
	left map[string]int // by key: listings that do not show it yet
	lag  int
}

func (h *hider) hides(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, met := h.left[key]; !met {
		h.left[key] = h.lag
	}
	h.left[key]--
	return h.left[key] >= 0
}

type listAnswer struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	IsTruncated           bool
	KeyCount              int
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listedKey
}

type listedKey struct{ Key string }

// page is the part of keys that the request asks for.
func (l listing) page(keys []string, x *Exchange) listAnswer {
	q, order := x.Req.Query, strings.Compare
	if l.unordered {
		order = func(a, b string) int { return int(scatter(a)) - int(scatter(b)) }
	}
	slices.SortFunc(keys, order)
	from := 0
	if !l.endless {
		from, _ = strconv.Atoi(q.Get("continuation-token"))
		if after := q.Get("start-after"); from == 0 && after != "" && l.startAfter {
			for from < len(keys) && order(keys[from], after) <= 0 {
				from++
			}
		}
	}
	size, err := strconv.Atoi(q.Get("max-keys"))
	if err != nil {
		size = 1000
	}
	to := min(from+size, len(keys))
	a := listAnswer{IsTruncated: to < len(keys) || l.endless && len(keys) > 0, KeyCount: to - from}
	if a.IsTruncated {
		a.NextContinuationToken = strconv.Itoa(to)
	}
	for _, key := range keys[from:to] {
		a.Contents = append(a.Contents, listedKey{key})
	}
	return a
}

func scatter(key string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return h.Sum32()
}

func (a listAnswer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", "S3TEST")
	body, err := xml.Marshal(a)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(append([]byte(xml.Header), body...))
}

// opaqueETag answers writes with an ETag that is no MD5.
func opaqueETag(x *Exchange) {
	if x.Req.Op != "PutObject" {
		pass(x)
		return
	}
	rec := answer(x)
	if rec.Header().Get("Etag") != "" {
		rec.Header().Set("Etag", `"`+strconv.FormatUint(uint64(scatter(x.Req.Key)), 36)+`"`)
	}
	say(x.W, rec)
}
