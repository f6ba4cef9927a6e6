// go-sev-guest-peer REPORT LEAF CHAIN SECONDS: verifies a report over and over, for a comparison.
//
// LEAF is DER; CHAIN is PEM and holds the ASK and the ARK that are believed; SECONDS is the time, as
// UNIX counts it, at which the certificates must be valid. Each line on stdin names a work; the
// answer is the microseconds that one run of it took, on a line of stdout. It ends with its input,
// or with exit code 1 when a verification fails.
//
//	chain   parse ASK, ARK, leaf and report, check the chain, verify the signature
//	report  the same, but ASK and ARK were parsed before
//	leaf    verify the report's signature by a leaf that is believed
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

type input struct {
	report, leaf, ask, ark []byte
	line                   string
	now                    time.Time
	roots                  *trust.AMDRootCerts
	parsedLeaf             *x509.Certificate
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The ASK and the ARK among the certificates of a file.
func chainOf(file []byte) (ask, ark []byte) {
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		name := must(x509.ParseCertificate(block.Bytes)).Subject.CommonName
		switch {
		case strings.HasPrefix(name, "ARK-"):
			ark = block.Bytes
		case strings.HasPrefix(name, "SEV-VLEK-"):
		default:
			ask = block.Bytes
		}
	}
	return ask, ark
}

func load(arguments []string) *input {
	in := &input{report: must(os.ReadFile(arguments[0])), leaf: must(os.ReadFile(arguments[1]))}
	in.ask, in.ark = chainOf(must(os.ReadFile(arguments[2])))
	in.now = time.Unix(must(strconv.ParseInt(arguments[3], 10, 64)), 0)
	in.line = kds.ProductLineFromFms(must(abi.ReportToProto(in.report)).GetCpuid1EaxFms())
	in.roots = in.parseRoots()
	in.parsedLeaf = must(trust.ParseCert(in.leaf))
	return in
}

func (in *input) parseRoots() *trust.AMDRootCerts {
	roots := &trust.AMDRootCerts{ProductLine: in.line, ProductCerts: &trust.ProductCerts{}}
	check(roots.ProductCerts.Decode(in.ask, in.ark))
	return roots
}

func (in *input) verify(roots *trust.AMDRootCerts) error {
	report, err := abi.ReportToProto(in.report)
	if err != nil {
		return err
	}
	attestation := &spb.Attestation{Report: report, CertificateChain: &spb.CertificateChain{VcekCert: in.leaf}}
	return verify.SnpAttestation(attestation, &verify.Options{
		DisableCertFetching: true,
		Now:                 in.now,
		TrustedRoots:        map[string][]*trust.AMDRootCerts{in.line: {roots}},
	})
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintf(os.Stderr, "usage: %s REPORT LEAF CHAIN SECONDS\n", os.Args[0])
		os.Exit(2)
	}
	in := load(os.Args[1:])
	works := map[string]func() error{
		"chain":  func() error { return in.verify(in.parseRoots()) },
		"report": func() error { return in.verify(in.roots) },
		"leaf":   func() error { return verify.SnpReportSignature(in.report, in.parsedLeaf) },
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		work, known := works[lines.Text()]
		if !known {
			check(fmt.Errorf("no such work: %s", lines.Text()))
		}
		start := time.Now()
		err := work()
		took := time.Since(start)
		check(err)
		fmt.Printf("%.3f\n", float64(took.Nanoseconds())/1000)
	}
}
