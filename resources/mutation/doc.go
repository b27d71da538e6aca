// Mutation measures what the tests of a package notice. It breaks the code of
// the package in one small place after another (a condition turned round, a
// statement left out, a boundary moved by one), runs the package's own tests,
// and lists the breaks after which they still pass.
//
// All breaks of a package are compiled into one test binary, each behind a
// switch that the environment sets: a test binary takes seconds to link, a run
// of a few tests fractions of one. A first run notes which test meets which
// break, so that only those tests run that could notice it.
//
// With -list it tries the breaks of patches.txt instead, which people wrote.
//
//	go run ./resources/mutation
//	go run ./resources/mutation -packages internal/chunk -sample 100
//	go run ./resources/mutation -list
package main
