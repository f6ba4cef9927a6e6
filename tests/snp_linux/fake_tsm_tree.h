// A TsmTree in memory that behaves as the kernel's.
#ifndef SVSM_TESTS_SNP_LINUX_FAKE_TSM_TREE_H_
#define SVSM_TESTS_SNP_LINUX_FAKE_TSM_TREE_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/snp/report_layout.h"
#include "svsm/snp_linux/tsm_tree.h"

namespace svsm::snp::testing {

class FakeTsmTree final : public TsmTree {
 public:
  std::string provider = "sev_guest\n";
  std::string floor = "0\n";
  bool has_svsm = false;
  bool has_auxblob = true;
  ByteVector auxblob;
  ByteVector manifest;
  std::size_t report_size = kReportSize;
  bool zero_report = false;
  // Called at each access, before it happens: another process, or a failure.
  std::function<Status(const std::string& operation, const std::string& attribute)> meddle;
  std::uint64_t generation = 0;
  std::map<std::string, ByteVector> written;
  std::vector<std::string> order;
  int entries = 0;
  int made = 0;

  Result<std::string> MakeEntry() override {
    SVSM_TRY(Meddle("make", ""));
    ++entries;
    generation = 0;
    written.clear();
    order.clear();
    return "entry" + std::to_string(made++);
  }
  Status RemoveEntry(const std::string&) override {
    --entries;
    return OkStatus();
  }
  Status Write(const std::string&, const char* attribute, ByteView value) override {
    SVSM_TRY(Meddle("write", attribute));
    const std::string name = attribute;
    if (name.rfind("service_", 0) == 0 && !has_svsm) return NotFound();
    written[name] = ToVector(value);
    order.push_back(name);
    ++generation;
    return OkStatus();
  }
  Result<ByteVector> Read(const std::string&, const char* attribute) override {
    SVSM_TRY(Meddle("read", attribute));
    const std::string name = attribute;
    if (name == "provider") return Text(provider);
    if (name == "generation") return Text(std::to_string(generation) + "\n");
    if (name == "privlevel_floor" && !floor.empty()) return Text(floor);
    if (name == "outblob") return Report();
    if (name == "auxblob" && has_auxblob) return auxblob;
    if (name == "manifestblob" && has_svsm) return manifest;
    return NotFound();
  }
  std::string Written(const std::string& attribute) const {
    const auto found = written.find(attribute);
    return found == written.end() ? std::string("-")
                                  : std::string(found->second.begin(), found->second.end());
  }

 private:
  static Status NotFound() { return Status(Code::kNotFound, Source::kSystem, 2); }
  static ByteVector Text(const std::string& text) { return ToVector(AsBytes(text)); }
  Status Meddle(const std::string& operation, const std::string& attribute) {
    return meddle ? meddle(operation, attribute) : OkStatus();
  }
  ByteVector Report() const {
    ByteVector report(report_size, zero_report ? 0 : 3);
    const auto inblob = written.find("inblob");
    if (!zero_report && inblob != written.end() && report.size() >= 0x90) {
      Copy(ByteSpan(report).subspan(0x50, 64), inblob->second);
    }
    return report;
  }
};

}  // namespace svsm::snp::testing

#endif  // SVSM_TESTS_SNP_LINUX_FAKE_TSM_TREE_H_
