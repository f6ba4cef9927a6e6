// Auxiliary metadata that are short of their reserve get it back at the next commit.
// Covers: svsm/cocoonfs/transaction.h
#include <gtest/gtest.h>

#include "cocoonfs/aux_ring.h"
#include "cocoonfs/file_system_state.h"
#include "svsm/cocoonfs/metadata.h"
#include "svsm/core/hosted.h"
#include "svsm/core/wire.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/machine.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

class TransactionAux : public ::testing::TestWithParam<MachineConfig> {
 protected:
  static MachineConfig Config() {
    MachineConfig config = GetParam();
    config.aux_reserve = 3000;
    return config;
  }
  void SetUp() override {
    ASSERT_THAT(machine_.Format(), IsOk());
    ASSERT_THAT(machine_.Open(), IsOk());
    ASSERT_THAT(machine_.Commit({{16, FileState{0, TestData(16, 1, 5000)}}}), IsOk());
    machine_.Close();
  }
  // Without the key.
  Status Add(std::uint8_t mark, std::size_t size) {
    SVSM_ASSIGN_OR_RETURN(Metadata metadata, ReadMetadata(machine_.device(), allocator_));
    Bytes<kUuidSize> uuid{};
    Fill(uuid, mark);
    SVSM_TRY(metadata.aux.Add(uuid, ByteVector(size, mark)));
    return WriteAuxInPlace(machine_.device(), allocator_, metadata.aux);
  }
  // Room that there is for changes without the key.
  std::uint64_t Room() {
    const AuxExtents& aux = FileSystemAccess::StateOf(machine_.fs())->volume.aux;
    return AuxGroupCapacity(GetParam().layout, aux, 0);
  }
  bool ShallMove() { return FileSystemAccess::StateOf(machine_.fs())->volume.aux.shall_move(); }
  // The image has the file, metadata with so many entries, and no fault.
  void Expect(std::size_t entries) {
    SVSM_ASSERT_OK_AND_ASSIGN(const Contents contents, machine_.ReadContents());
    EXPECT_EQ(contents.at(16).data, TestData(16, 1, 5000));
    SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata aux, machine_.fs().ReadAuxMetadata());
    EXPECT_EQ(aux.num_entries(), entries);
    EXPECT_EQ(aux.extra_reserve(), 3000u);
    EXPECT_THAT(machine_.Verify(), IsOk());
  }
  const Changes kSmall = {{17, FileState{0, TestData(17, 1, 10)}}};

  Machine machine_{Config()};
  TestAllocator allocator_;
};

TEST_P(TransactionAux, MovesThemAtTheNextCommit) {
  ASSERT_THAT(Add(1, 2500), IsOk());
  ASSERT_THAT(machine_.Open(), IsOk());
  ASSERT_TRUE(ShallMove());
  const std::uint64_t before = Room();
  Expect(1);
  ASSERT_THAT(machine_.Commit(kSmall), IsOk());
  EXPECT_FALSE(ShallMove());
  EXPECT_GT(Room(), before);
  EXPECT_GE(Room(), 5500u);
  Expect(1);
  const std::uint64_t after = Room();
  ASSERT_THAT(machine_.Commit({}), IsOk());
  EXPECT_EQ(Room(), after);
  machine_.Close();
  // There is all of the reserve again, as what lies on the device says, too.
  ASSERT_THAT(Add(2, 2900), IsOk());
  ASSERT_THAT(machine_.Open(), IsOk());
  EXPECT_TRUE(ShallMove());
  Expect(2);
}

TEST_P(TransactionAux, MovesThemThroughTheJournal) {
  ASSERT_THAT(Add(1, 2500), IsOk());
  ASSERT_THAT(machine_.Open(), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, machine_.Prepare(kSmall));
  ASSERT_THAT(commit->WriteJournal(), IsOk());
  machine_.Close();
  // Between the two, those in the journal are the ones that count, and that are changed.
  ASSERT_THAT(Add(2, 100), IsOk());
  ASSERT_THAT(machine_.Open(), IsOk());
  ASSERT_NE(machine_.fs().pending_commit(), nullptr);
  EXPECT_GE(Room(), 5500u);
  Expect(2);
  ASSERT_THAT(machine_.fs().pending_commit()->Apply(), IsOk());
  Expect(2);
}

TEST_P(TransactionAux, ACancelledMoveLeavesThemWhereTheyAre) {
  ASSERT_THAT(Add(1, 2500), IsOk());
  ASSERT_THAT(machine_.Open(), IsOk());
  const std::uint64_t before = Room();
  SVSM_ASSERT_OK_AND_ASSIGN(PendingCommit* const commit, machine_.Prepare(kSmall));
  ASSERT_THAT(commit->Cancel(), IsOk());
  EXPECT_EQ(Room(), before);
  EXPECT_TRUE(ShallMove());
  Expect(1);
}

// Anyone may write them: a wish that cannot be met must not hold up the owner of the key.
TEST_P(TransactionAux, LeavesThemWhenTheyAskForTooMuch) {
  {
    SVSM_ASSERT_OK_AND_ASSIGN(Metadata metadata, ReadMetadata(machine_.device(), allocator_));
    for (const std::uint64_t reserve :
         {std::uint64_t{machine_.config().image_bytes}, std::uint64_t{1} << 50}) {
      metadata.aux.SetExtraReserve(reserve);
      ASSERT_THAT(WriteAuxInPlace(machine_.device(), allocator_, metadata.aux), IsOk());
      ASSERT_THAT(machine_.Open(), IsOk());
      EXPECT_TRUE(ShallMove());
      const std::uint64_t before = Room();
      ASSERT_THAT(machine_.Commit(kSmall), IsOk());
      EXPECT_EQ(Room(), before);
      EXPECT_THAT(machine_.Verify(), IsOk());
      machine_.Close();
    }
  }
}

TEST_P(TransactionAux, LeavesThemWhenTheyCannotBeRead) {
  ASSERT_THAT(Add(1, 2500), IsOk());
  ASSERT_THAT(machine_.Open(), IsOk());
  const AuxExtents& ring = FileSystemAccess::StateOf(machine_.fs())->volume.aux;
  for (const std::size_t head : {std::size_t{0}, ring.group1}) {
    const std::uint64_t at =
        ring.extents[head].first * GetParam().layout.allocation_block_bytes() + 300;
    machine_.device().Poke(at, ByteVector(1, machine_.device().image()[at] ^ 1U));
  }
  EXPECT_THAT(machine_.fs().ReadAuxMetadata(), IsStatus(Code::kMalformed, Source::kCocoonfs,
                                                        static_cast<std::uint32_t>(Region::kAux)));
  ASSERT_THAT(machine_.Commit(kSmall), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const Contents contents, machine_.ReadContents());
  EXPECT_EQ(contents.size(), 2u);
}

// The host names the ring, and all that is in it is the host's: over a file it must not become free
// space.
TEST_P(TransactionAux, DoesNotFreeWhatAForgedRingLiesOn) {
  const ImageLayout& layout = GetParam().layout;
  ASSERT_THAT(machine_.Open(), IsOk());
  ASSERT_THAT(machine_.fs().Stat(16).status(), IsOk());
  auto* const state = FileSystemAccess::StateOf(machine_.fs());
  const Extent file = state->reader.extents()[0];
  const std::uint64_t unit = layout.journal_block();
  const std::uint64_t first = (file.first + unit - 1) & ~(unit - 1);
  ASSERT_LE(first + unit, file.end());
  AuxExtents ring(allocator_);
  ASSERT_THAT(ring.extents.PushBack({first, unit}), IsOk());
  ring.group1 = 1;
  AuxMetadata aux(allocator_);
  Bytes<kUuidSize> uuid{};
  Fill(uuid, 7);
  ASSERT_THAT(aux.Add(uuid, ByteVector(8, 7)), IsOk());
  ByteVector payload(aux.encoded_size());
  ASSERT_THAT(aux.Encode(payload), IsOk());
  const std::size_t block = layout.allocation_block_bytes();
  ByteVector forged(static_cast<std::size_t>(unit) * block);
  EncodeAuxExtent(layout, ring, 0, AuxState::kActiveReallocate, payload, forged);
  ByteVector heads(16, 0xFF);
  const auto pointer = wire::ToBytes(wire::Le64(EncodeExtentPointer({first, unit}, false)));
  Copy(heads, pointer);
  const std::uint64_t header = state->volume.places.mutable_header.first * block;
  machine_.Close();
  machine_.device().Poke(first * block, forged);
  machine_.device().Poke(header, heads);

  ASSERT_THAT(machine_.Open(), IsOk());
  ASSERT_TRUE(ShallMove());
  {
    SVSM_ASSERT_OK_AND_ASSIGN(Transaction* const transaction, machine_.fs().Begin());
    EXPECT_THAT(
        transaction->SetAuxMetadata(aux),
        IsStatus(Code::kAuthFailed, Source::kCocoonfs, static_cast<std::uint32_t>(Region::kAux)));
    transaction->Abandon();
  }
  ASSERT_THAT(machine_.Commit(kSmall), IsOk());
  machine_.Close();
  ASSERT_THAT(machine_.Open(), IsOk());
  const Bitmap& bitmap = FileSystemAccess::StateOf(machine_.fs())->volume.allocation.bitmap();
  EXPECT_TRUE(bitmap.AllSet(file));
}

INSTANTIATE_TEST_SUITE_P(Cocoonfs, TransactionAux, ::testing::ValuesIn(MachineConfigs()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace svsm::cocoonfs
