#include "svsm/core/status.h"

namespace svsm {

const char* CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "Ok";
    case Code::kInvalidArgument:
      return "InvalidArgument";
    case Code::kMalformed:
      return "Malformed";
    case Code::kTruncated:
      return "Truncated";
    case Code::kUnsupported:
      return "Unsupported";
    case Code::kBufferTooSmall:
      return "BufferTooSmall";
    case Code::kOutOfRange:
      return "OutOfRange";
    case Code::kOutOfMemory:
      return "OutOfMemory";
    case Code::kAuthFailed:
      return "AuthFailed";
    case Code::kNotFound:
      return "NotFound";
    case Code::kAlreadyExists:
      return "AlreadyExists";
    case Code::kFailedPrecondition:
      return "FailedPrecondition";
    case Code::kPermissionDenied:
      return "PermissionDenied";
    case Code::kBusy:
      return "Busy";
    case Code::kExhausted:
      return "Exhausted";
    case Code::kDataLoss:
      return "DataLoss";
    case Code::kIoError:
      return "IoError";
    case Code::kConnectionClosed:
      return "ConnectionClosed";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kInternal:
      return "Internal";
  }
  return "?";
}

const char* SourceName(Source source) {
  switch (source) {
    case Source::kNone:
      return "None";
    case Source::kCore:
      return "Core";
    case Source::kCrypto:
      return "Crypto";
    case Source::kOpenssl:
      return "Openssl";
    case Source::kBearssl:
      return "Bearssl";
    case Source::kNettle:
      return "Nettle";
    case Source::kEvidence:
      return "Evidence";
    case Source::kSealedFile:
      return "SealedFile";
    case Source::kProtocol:
      return "Protocol";
    case Source::kSnp:
      return "Snp";
    case Source::kSnpVerify:
      return "SnpVerify";
    case Source::kSim:
      return "Sim";
    case Source::kVtpm:
      return "Vtpm";
    case Source::kLibtpms:
      return "Libtpms";
    case Source::kCocoonfs:
      return "Cocoonfs";
    case Source::kKbs:
      return "Kbs";
    case Source::kBroker:
      return "Broker";
    case Source::kUefi:
      return "Uefi";
    case Source::kSystem:
      return "System";
    case Source::kCaller:
      return "Caller";
  }
  return "?";
}

}  // namespace svsm
