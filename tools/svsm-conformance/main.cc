// svsm-conformance: runs the published call vectors against an SVSM.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "svsm/conformance/pipe_subject.h"
#include "svsm/crypto/openssl.h"
#include "tools/svsm-conformance/list.h"
#include "tools/svsm-conformance/own_svsm.h"

namespace svsm::conformance {
namespace {

constexpr int kPassed = 0;
constexpr int kFailed = 1;
constexpr int kUnusable = 2;

struct Options {
  std::string vectors = DefaultVectors();
  std::string filter;
  std::vector<std::string> adapter;
  bool list = false;
  bool json = false;
  bool strict = false;
};

template <typename T>
std::unique_ptr<T> Taken(Result<std::unique_ptr<T>> made, const std::string& what) {
  if (!made.ok()) throw Unusable(fmt::format("{}: {}", what, ToString(made.status())));
  return *std::move(made);
}

std::vector<Told> RunAll(Subject& subject, const std::vector<Case>& cases, bool tell) {
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  Runner runner(subject, sha512);
  std::vector<Told> all;
  for (const Case& one : cases) {
    all.push_back({one.name, runner.Run(one)});
    if (tell) fmt::print("{}\n", Line(all.back()));
  }
  return all;
}

int Run(const Options& options) {
  const std::vector<Case> cases = FindCases(options.vectors, options.filter);
  if (options.list) {
    for (const Case& one : cases) fmt::print("{}\n", one.name);
    return kPassed;
  }
  std::vector<Told> all;
  if (options.adapter.empty()) {
    const auto own = Taken(OwnSvsm::Create(), "own SVSM");
    all = RunAll(*own, cases, !options.json);
  } else {
    const auto pipe = Taken(PipeSubject::Start(options.adapter), options.adapter[0]);
    const Status alive = pipe->Reset();
    if (!alive.ok()) {
      throw Unusable(fmt::format("{}: does not answer: {}", options.adapter[0], ToString(alive)));
    }
    all = RunAll(*pipe, cases, !options.json);
  }
  const Counts counts = Count(all);
  fmt::print("{}\n", options.json ? Json(all) : Summary(counts));
  return counts.failed != 0 || (options.strict && counts.differs != 0) ? kFailed : kPassed;
}

}  // namespace
}  // namespace svsm::conformance

int main(int argc, char** argv) {
  using svsm::conformance::Options;
  CLI::App app(
      "Runs the published call vectors against an SVSM: the one of this library, or one behind an\n"
      "adapter program (svsm/conformance/pipe_subject.h says what it speaks).\n"
      "Exit code: 0 all passed, 1 some failed, 2 vectors or adapter cannot be used.",
      "svsm-conformance");
  Options options;
  app.add_option("--vectors", options.vectors,
                 "folder of the vectors (default: those it came with)");
  app.add_option("--filter", options.filter, "only cases whose name matches, as core/pvalidate/*");
  app.add_option("--exec", options.adapter,
                 "adapter program and its words, of which none begins with -; the last option");
  app.add_flag("--list", options.list, "print the names of the cases and run none");
  app.add_flag("--json", options.json, "print one JSON object instead of lines");
  app.add_flag("--strict", options.strict, "what differs in a case of level \"should\" fails, too");
  try {
    app.parse(argc, argv);
    return svsm::conformance::Run(options);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "svsm-conformance: {}\n", error.what());
  } catch (const svsm::conformance::Unusable& unusable) {
    fmt::print(stderr, "svsm-conformance: {}\n", unusable.what());
  }
  return svsm::conformance::kUnusable;
}
