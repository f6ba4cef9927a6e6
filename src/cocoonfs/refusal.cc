#include "svsm/cocoonfs/refusal.h"

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

// What is read first with the key: nothing before it tells a wrong key from changed bytes.
bool IsFirstProof(std::uint32_t region) {
  return region == static_cast<std::uint32_t>(Region::kEntryLeaf) ||
         region == static_cast<std::uint32_t>(Region::kJournalLog);
}

struct Words {
  const char* name;
  const char* text;
};

Words WordsFor(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return {"none", "nothing is wrong"};
    case Refusal::kNoKey:
      return {"no-key", "there is no key for the image"};
    case Refusal::kWrongKey:
      return {"wrong-key", "the key does not open the image"};
    case Refusal::kOtherImage:
      return {"other-image", "this is not the image that belongs here"};
    case Refusal::kTampered:
      return {"tampered", "the image is not as it was written"};
    case Refusal::kNotMade:
      return {"not-made", "the image is to be made first"};
    case Refusal::kUnsupported:
      return {"unsupported", "the image is of a kind that is not known here"};
    case Refusal::kIo:
      return {"io", "the storage fails"};
    case Refusal::kOutOfMemory:
      return {"out-of-memory", "there is not enough memory"};
    case Refusal::kOther:
      return {"other", "the image cannot be used"};
  }
  return {"?", "?"};
}

}  // namespace

Refusal WhyRefused(Status status, ByteView salt_found, ByteView salt_expected) {
  const bool other =
      !salt_found.empty() && !salt_expected.empty() && !Equal(salt_found, salt_expected);
  switch (status.code()) {
    case Code::kOk:
      return Refusal::kNone;
    case Code::kAuthFailed:
      if (other) return Refusal::kOtherImage;
      return IsFirstProof(status.detail()) ? Refusal::kWrongKey : Refusal::kTampered;
    case Code::kMalformed:
      return other ? Refusal::kOtherImage : Refusal::kTampered;
    case Code::kDataLoss:
      return Refusal::kOtherImage;
    case Code::kFailedPrecondition:
      return Refusal::kNotMade;
    case Code::kUnsupported:
      return Refusal::kUnsupported;
    case Code::kIoError:
      return Refusal::kIo;
    case Code::kOutOfMemory:
      return Refusal::kOutOfMemory;
    default:
      return Refusal::kOther;
  }
}

const char* RefusalName(Refusal refusal) { return WordsFor(refusal).name; }
const char* RefusalText(Refusal refusal) { return WordsFor(refusal).text; }

}  // namespace svsm::cocoonfs
