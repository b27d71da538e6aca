// Package deflate compresses pages into gzip members (RFC 1951 and 1952). It decides by
// what bytes and repetitions take, which it learns from what it has written: pages of
// numbers and identifiers, where little repeats, become clearly smaller than with a
// search that knows no prices. It takes two to five times the time of such a search, and
// more where nothing repeats.
package deflate
