#include "tools/common/image_refusal.h"

#include "svsm/core/hosted.h"
#include "svsm/vtpm/persistent.h"

namespace svsm::tool {

using cocoonfs::Refusal;

ImageRefusal Refuse(Refusal reason, Status status) {
  std::string text = std::string(cocoonfs::RefusalName(reason)) + ": " + RefusalText(reason);
  if (!status.ok()) text += " (" + ToString(status) + ")";
  return {reason, status, text};
}

ImageRefusal ExplainStart(Status status) {
  ImageRefusal refusal = Refuse(cocoonfs::WhyRefused(status, {}, {}), status);
  const auto say = [&](Refusal reason, const char* text) {
    refusal.reason = reason;
    refusal.text = std::string(cocoonfs::RefusalName(reason)) + ": " + text;
  };
  if (status.code() == Code::kAlreadyExists) {
    say(Refusal::kOtherImage,
        "the image holds another engine's TPM alone (--beside-other-engine makes a new one)");
  }
  if (status.source() != Source::kVtpm) return refusal;
  if (status.code() == Code::kUnsupported) {
    say(Refusal::kUnsupported, "the TPM in the image is of another engine or version");
  } else if (status.detail() == vtpm::kStateGone) {
    say(Refusal::kTampered, "the image had a TPM, and its state is gone");
  } else if (status.detail() == vtpm::kStateWithoutMarker) {
    say(Refusal::kOtherImage, "the image holds a TPM's state that nobody finished");
  } else if (status.code() == Code::kDataLoss) {
    say(Refusal::kTampered, "what is stored is not a TPM's state");
  }
  return refusal;
}

}  // namespace svsm::tool
