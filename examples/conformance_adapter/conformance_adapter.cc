// Puts an SVSM that is not built from this library in front of svsm-conformance:
//
//   svsm-conformance --exec build/bin/conformance_adapter
//
// TinySvsm stands for the other SVSM; in earnest its functions would talk to a VM's debug port, or
// to a kernel's test build. It offers the core protocol with two calls, and so passes some cases
// and fails those of the calls that every SVSM must have. The rest of the file is the adapter: a
// loop over lines (svsm/conformance/pipe_subject.h), which any language can speak.
#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "svsm/core/hosted.h"

namespace {

using Registers = std::array<std::uint64_t, 5>;  // RAX, RCX, RDX, R8, R9

constexpr std::uint64_t kPage = 0x1000;
constexpr std::uint64_t kVmsa = 0x1000;
constexpr std::uint64_t kArea = 0x2000;
constexpr std::uint64_t kFree = 0x10000;
constexpr std::uint64_t kEnd = kFree + 64 * kPage;

// ---- The other SVSM, with its guest's memory ----

class TinySvsm {
 public:
  // The guest's access to its memory; the VMSA is not the guest's.
  std::uint8_t* Find(std::uint64_t at, std::uint64_t size) {
    const bool vmsa = at < kVmsa + kPage && at + size > kVmsa;
    return at < kEnd && size <= kEnd - at && !vmsa ? memory_.data() + at : nullptr;
  }
  void Serve(Registers& registers) {
    std::uint8_t& pending = memory_[area_];
    if (pending == 0) return;
    switch (registers[0]) {
      case 0:
        registers[0] = RemapCallingArea(registers[1]);
        break;
      case 6:
        registers[0] = 0;
        registers[1] = registers[1] == 1 ? std::uint64_t{1} << 32 | 1 : 0;
        break;
      default:
        registers[0] = registers[0] >> 32 == 0 ? 0x80000002 : 0x80000001;
    }
    pending = 0;
    memory_[area_] = 0;
  }

 private:
  std::uint64_t RemapCallingArea(std::uint64_t to) {
    if (to % kPage != 0) return 0x80000005;
    if (Find(to, kPage) == nullptr) return 0x80000003;
    memory_[area_] = 0;
    area_ = to;
    return 0;
  }
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(kEnd);
  std::uint64_t area_ = kArea;
};

// ---- The adapter ----

std::string Place(const std::string& name) {
  static const std::map<std::string, std::uint64_t> places = {
      {"vmsa", kVmsa}, {"area", kArea}, {"free", kFree}, {"hole", kEnd}, {"vmpl", 1}};
  const auto found = places.find(name);
  if (found == places.end()) return "none";
  std::ostringstream answer;
  answer << "ok " << std::hex << found->second;
  return answer.str();
}

std::string Call(TinySvsm& svsm, std::istringstream& words) {
  std::uint64_t vmsa = 0;
  Registers registers{};
  words >> vmsa;
  for (std::uint64_t& value : registers) words >> value;
  if (vmsa != kVmsa) return "none";
  svsm.Serve(registers);
  std::ostringstream answer;
  answer << "ok" << std::hex;
  for (const std::uint64_t value : registers) answer << ' ' << value;
  return answer.str();
}

std::string Answer(std::optional<TinySvsm>& svsm, const std::string& line) {
  std::istringstream words(line);
  words >> std::hex;
  std::string request;
  words >> request;
  if (request == "reset") {
    svsm.emplace();
    return "ok";
  }
  if (request == "place") {
    std::string name;
    words >> name;
    return Place(name);
  }
  if (!svsm) return "error not reset";
  if (request == "call") return Call(*svsm, words);
  std::uint64_t at = 0;
  words >> at;
  if (request == "read") {
    std::uint64_t size = 0;
    words >> size;
    const std::uint8_t* bytes = svsm->Find(at, size);
    return bytes == nullptr ? "fault" : "ok " + svsm::ToHex({bytes, size});
  }
  if (request == "write") {
    std::string hex;
    words >> hex;
    const svsm::Result<svsm::ByteVector> bytes = svsm::FromHex(hex);
    std::uint8_t* const to = bytes.ok() ? svsm->Find(at, bytes->size()) : nullptr;
    if (to == nullptr) return "fault";
    std::copy(bytes->begin(), bytes->end(), to);
    return "ok";
  }
  return "error unknown request";
}

}  // namespace

int main() {
  std::optional<TinySvsm> svsm;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Answer(svsm, line) << std::endl;
  }
}
