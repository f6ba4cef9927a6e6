// Runs the published vectors of tests/vectors/protocol/, which a generator in another language
// made: the dispatcher answers every call as they say, and the client makes the calls that they
// have.
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/protocol/manifest.h"
#include "svsm/protocol/secrets_page.h"
#include "tests/protocol/attest_fakes.h"
#include "tests/protocol/client_fakes.h"
#include "tests/protocol/reversing_vtpm.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::SameBytes;

// Lines `field value` in their order.
class Record {
 public:
  void Add(const std::string& line) {
    const std::size_t space = line.find(' ');
    lines_.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  bool empty() const { return lines_.empty(); }
  std::vector<std::string> All(const std::string& field) const {
    std::vector<std::string> values;
    for (const auto& [name, value] : lines_) {
      if (name == field) values.push_back(value);
    }
    return values;
  }
  std::string One(const std::string& field) const {
    const std::vector<std::string> values = All(field);
    EXPECT_EQ(values.size(), 1u) << field;
    return values.empty() ? "" : values[0];
  }
  std::uint64_t Hex(const std::string& field) const { return std::stoull(One(field), nullptr, 16); }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

std::vector<Record> Load(const std::string& file) {
  std::ifstream in(std::string(SVSM_TESTS_DIR) + "/vectors/protocol/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<Record> records(1);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) {
      records.back().Add(line);
    } else if (!records.back().empty()) {
      records.emplace_back();
    }
  }
  return records;
}

std::vector<std::uint8_t> Unhex(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  if (hex == "-") return bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

CallRegisters Registers(const std::string& text) {
  CallRegisters registers;
  std::istringstream in(text);
  in >> std::hex >> registers.rax >> registers.rcx >> registers.rdx >> registers.r8;
  EXPECT_TRUE(in) << text;
  return registers;
}

// Address and bytes of `before` and `after`.
std::pair<Gpa, std::vector<std::uint8_t>> Patch(const std::string& text) {
  const std::size_t space = text.find(' ');
  return {Gpa(std::stoull(text.substr(0, space), nullptr, 16)), Unhex(text.substr(space + 1))};
}

TEST(Vectors, Calls) {
  const std::vector<Record> records = Load("calls.txt");
  EXPECT_GE(records.size(), 60u);
  std::optional<AttestingSvsm> svsm;
  ReversingVtpm vtpm;
  for (const Record& record : records) {
    SCOPED_TRACE(record.One("name"));
    if (record.One("machine") == "new") {
      svsm.emplace();
      ASSERT_THAT(svsm->dispatcher.Register(vtpm), IsOk());
    }
    for (const std::string& text : record.All("before")) {
      const auto [gpa, bytes] = Patch(text);
      svsm->machine.Poke(gpa, bytes);
    }
    const Gpa area(record.Hex("area"));
    svsm->machine.Poke(area, Bytes<1>{static_cast<std::uint8_t>(record.Hex("pending"))});
    CallRegisters registers = Registers(record.One("in"));
    svsm->machine.StartCounting();
    EXPECT_THAT(svsm->dispatcher.Dispatch(Gpa(record.Hex("vmsa")), registers),
                IsOkAnd(ExitOutcome::kAnswered));
    EXPECT_LE(svsm->machine.MostReads(), 1u);
    EXPECT_EQ(registers, Registers(record.One("out")));
    EXPECT_EQ(svsm->machine.Map(area, 1)[0], 0);
    for (const std::string& text : record.All("after")) {
      const auto [gpa, bytes] = Patch(text);
      EXPECT_THAT(svsm->machine.Map(gpa, bytes.size()), SameBytes(bytes));
    }
  }
}

// Compares what a client sends with a record's call, and answers with an error so that it stops.
class ComparingExit final : public GuestExit {
 public:
  ComparingExit(FakeMachine& machine, const std::vector<Record>& records)
      : machine_(machine), records_(records) {}
  void Expect(const std::string& name) { expected_ = name; }
  Status RunSvsm(CallRegisters& registers) override {
    SCOPED_TRACE(expected_);
    for (const Record& record : records_) {
      if (record.One("name") != expected_) continue;
      EXPECT_EQ(registers, Registers(record.One("in")));
      EXPECT_EQ(machine_.Map(kArea0, 1)[0], record.Hex("pending"));
      for (const std::string& text : record.All("before")) {
        const auto [gpa, bytes] = Patch(text);
        if (gpa == Plus(kArea0, 8) || expected_ == "vtpm-command") {
          EXPECT_THAT(machine_.Map(gpa, bytes.size()), SameBytes(bytes));
        }
      }
      ++compared;
    }
    machine_.Map(kArea0, 1)[0] = 0;
    return Status(Code::kPermissionDenied, Source::kCaller);
  }
  unsigned compared = 0;

 private:
  FakeMachine& machine_;
  const std::vector<Record>& records_;
  std::string expected_;
};

TEST(Vectors, TheClientMakesTheseCalls) {
  const std::vector<Record> records = Load("calls.txt");
  FakeMachine machine;
  ComparingExit exit(machine, records);
  Client client(exit, {kArea0, machine.Map(kArea0, kPageSize)}, {});
  const auto stopped = testing::IsStatus(Code::kPermissionDenied, Source::kCaller);

  exit.Expect("query-attestation");
  EXPECT_THAT(client.QueryProtocol(kAttestationProtocol, 1), stopped);
  exit.Expect("remap");
  EXPECT_THAT(client.RemapCallingArea({kFree, machine.Map(kFree, kPageSize)}), stopped);
  exit.Expect("pvalidate-three");
  const PvalidateEntry entries[] = {{FakeMachine::Frame(0x400), PageSize::k4K, PageState::kValid},
                                    {FakeMachine::Frame(0x200), PageSize::k2M, PageState::kValid},
                                    {kFree, PageSize::k4K, PageState::kInvalid}};
  EXPECT_THAT(client.Pvalidate(entries), stopped);
  exit.Expect("pvalidate-unchanged-ignored");
  const PvalidateEntry ignored{kFree, PageSize::k4K, PageState::kValid, UnchangedPage::kIsIgnored};
  EXPECT_THAT(client.Pvalidate({&ignored, 1}), stopped);
  exit.Expect("create");
  EXPECT_THAT(client.CreateVcpu(kVmsa1, kArea1, 1), stopped);
  exit.Expect("delete");
  EXPECT_THAT(client.DeleteVcpu(kVmsa1), stopped);
  exit.Expect("vtpm-command");
  const std::vector<std::uint8_t> command = Unhex("80010000000c0000014400007a01");
  EXPECT_THAT(client.SendTpmCommand(command, {kFree, machine.Map(kFree, kPageSize)}), stopped);

  // Report, manifest and certificates get the addresses of the records.
  class Pages final : public GuestPages {
   public:
    explicit Pages(FakeMachine& machine) : machine_(machine) {}
    Result<GuestBuffer> Allocate(std::size_t size) override {
      const Gpa gpa = FakeMachine::Frame(next_);
      next_ = next_ == 0x70 ? 0x50 : next_ + 0x10;
      return GuestBuffer{gpa, machine_.Map(gpa, size)};
    }
    void Free(GuestBuffer) override {}

   private:
    FakeMachine& machine_;
    std::size_t next_ = 0x50;
  } pages(machine);
  const GuestBuffer nonce{Plus(kFree, 0x100), machine.Map(Plus(kFree, 0x100), 64)};
  exit.Expect("attest-services");
  EXPECT_THAT(client.AttestServices(nonce, pages), stopped);
  exit.Expect("attest-single-vtpm");
  EXPECT_THAT(client.AttestSingleService(kVtpmService, 0, nonce, pages), stopped);
  EXPECT_EQ(exit.compared, 9u);
}

TEST(Vectors, ServicesManifests) {
  const std::vector<Record> records = Load("services_manifests.txt");
  EXPECT_GE(records.size(), 6u);
  for (const Record& record : records) {
    SCOPED_TRACE(record.One("name"));
    const std::vector<std::uint8_t> bytes = Unhex(record.One("bytes"));
    std::vector<std::vector<std::uint8_t>> blobs;
    std::vector<ManifestEntry> entries;
    for (const std::string& text : record.All("service")) {
      Bytes<16> guid{};
      std::string hex;
      for (const char c : text.substr(0, 36)) {
        if (c != '-') hex += c;
      }
      Copy(guid, Unhex(hex));
      blobs.push_back(Unhex(text.substr(37)));
      entries.push_back({Guid::FromRfc4122(guid), blobs.back()});
    }
    std::vector<std::uint8_t> built(ServicesManifestSize(entries));
    EXPECT_THAT(BuildServicesManifest(entries, built), IsOkAnd(bytes.size()));
    EXPECT_THAT(built, SameBytes(bytes));

    std::array<ManifestEntry, 16> slots;
    SVSM_ASSERT_OK_AND_ASSIGN(const auto parsed, ParseServicesManifest(bytes, slots));
    ASSERT_EQ(parsed.size(), entries.size());
    for (std::size_t i = 0; i < parsed.size(); ++i) {
      EXPECT_EQ(parsed[i].guid, entries[i].guid);
      EXPECT_THAT(parsed[i].manifest, SameBytes(entries[i].manifest));
    }
  }
}

TEST(Vectors, VtpmManifests) {
  const std::vector<Record> records = Load("vtpm_manifests.txt");
  EXPECT_GE(records.size(), 2u);
  for (const Record& record : records) {
    const std::vector<std::uint8_t> area = Unhex(record.One("tpm2b_public"));
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView manifest, VtpmManifestV0(area));
    EXPECT_THAT(manifest, SameBytes(Unhex(record.One("manifest_v0")))) << record.One("name");
  }
}

TEST(Vectors, SecretsPages) {
  const std::vector<Record> records = Load("secrets_pages.txt");
  EXPECT_GE(records.size(), 3u);
  for (const Record& record : records) {
    SCOPED_TRACE(record.One("name"));
    std::vector<std::uint8_t> storage = Unhex(record.One("firmware"));
    storage.resize(kPageSize);
    const FixedSpan<kPageSize> page = ByteSpan(storage).first<kPageSize>();
    ASSERT_THAT(CheckSecretsPage(page), IsOk());
    const std::vector<std::string> seqnos = record.All("seqno");
    for (std::size_t i = 0; i < seqnos.size(); ++i) {
      EXPECT_THAT(SetMessageSeqno(page, i, std::stoull(seqnos[i])), IsOk());
    }
    const SvsmPlace place = {
        .base = Gpa(record.Hex("svsm_base")),
        .size_bytes = record.Hex("svsm_size"),
        .boot_calling_area = Gpa(record.Hex("svsm_caa")),
        .max_core_version = static_cast<std::uint32_t>(record.Hex("svsm_max_version")),
        .guest_vmpl = Vmpl(static_cast<std::uint32_t>(record.Hex("svsm_guest_vmpl")))};
    std::vector<std::uint8_t> guest(kPageSize);
    ASSERT_THAT(MakeGuestSecretsPage(page, place, ByteSpan(guest).first<kPageSize>()), IsOk());
    EXPECT_THAT(ByteView(guest).first(512), SameBytes(Unhex(record.One("guest"))));
    EXPECT_TRUE(IsZero(ByteView(guest).subspan(512)));
    const std::vector<std::string> keys = record.All("vmpck");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      SVSM_ASSERT_OK_AND_ASSIGN(const auto key, TakeVmpck(page, i));
      EXPECT_THAT(key.view(), SameBytes(Unhex(keys[i])));
    }
  }
}

}  // namespace
}  // namespace svsm::protocol
