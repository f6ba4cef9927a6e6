#include "tools/svsm-conformance/list.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

namespace svsm::conformance {

std::string DefaultVectors() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path installed =
      program.parent_path().parent_path() / "share" / "svsm" / "vectors";
  if (!error && std::filesystem::is_directory(installed, error)) return installed;
  return SVSM_VECTORS_IN_SOURCE;
}

std::vector<Case> FindCases(const std::string& folder, const std::string& filter) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/calls", error)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  if (error) throw Unusable(fmt::format("{}/calls: {}", folder, error.message()));
  std::sort(paths.begin(), paths.end());
  std::vector<Case> cases;
  for (const std::string& path : paths) {
    Result<std::vector<Case>> loaded = LoadCases(path);
    if (!loaded.ok()) throw Unusable(fmt::format("{}: {}", path, ToString(loaded.status())));
    std::copy_if(std::make_move_iterator(loaded->begin()), std::make_move_iterator(loaded->end()),
                 std::back_inserter(cases), [&filter](const Case& one) {
                   return filter.empty() || fnmatch(filter.c_str(), one.name.c_str(), 0) == 0;
                 });
  }
  if (cases.empty()) throw Unusable("no case matches");
  return cases;
}

Counts Count(const std::vector<Told>& all) {
  Counts counts;
  for (const Told& told : all) {
    switch (told.outcome.verdict) {
      case Verdict::kPassed:
        ++counts.passed;
        break;
      case Verdict::kFailed:
        ++counts.failed;
        break;
      case Verdict::kDiffers:
        ++counts.differs;
        break;
      case Verdict::kSkipped:
        ++counts.skipped;
        break;
    }
  }
  return counts;
}

std::string Line(const Told& told) {
  const std::string& why = told.outcome.why;
  return fmt::format("{:<7} {}{}{}", VerdictName(told.outcome.verdict), told.name,
                     why.empty() ? "" : ": ", why);
}

std::string Summary(const Counts& counts) {
  return fmt::format("{} passed, {} failed, {} differ, {} skipped", counts.passed, counts.failed,
                     counts.differs, counts.skipped);
}

std::string Json(const std::vector<Told>& all) {
  nlohmann::ordered_json cases = nlohmann::ordered_json::array();
  for (const Told& told : all) {
    const bool failed = told.outcome.verdict == Verdict::kFailed;
    nlohmann::ordered_json one = {
        {"name", told.name}, {"verdict", failed ? "failed" : VerdictName(told.outcome.verdict)}};
    if (!told.outcome.why.empty()) one["why"] = told.outcome.why;
    cases.push_back(one);
  }
  const Counts counts = Count(all);
  const nlohmann::ordered_json file = {{"version", kVectorsVersion}, {"passed", counts.passed},
                                       {"failed", counts.failed},    {"differs", counts.differs},
                                       {"skipped", counts.skipped},  {"cases", cases}};
  return file.dump(1);
}

}  // namespace svsm::conformance
