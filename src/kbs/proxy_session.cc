#include "svsm/kbs/proxy_session.h"

#include "svsm/core/panic.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

constexpr auto kLedgerPath = Ascii("/ledger/v1");
constexpr std::uint32_t kHttpOk = 200;

Status Malformed() { return Status(Code::kMalformed, Source::kKbs); }

ProxyRefusal RefusalOf(ForwardFailure failure) {
  switch (failure) {
    case ForwardFailure::kTimeout:
      return ProxyRefusal::kTimeout;
    case ForwardFailure::kTooLarge:
      return ProxyRefusal::kTooLarge;
    case ForwardFailure::kRefused:
    case ForwardFailure::kUnreachable:
      break;
  }
  return ProxyRefusal::kUnreachable;
}

ForwardReply Failed(ForwardFailure failure) {
  return {.status = static_cast<std::uint32_t>(failure)};
}

std::size_t NameSize(ByteView cookie) {
  std::size_t size = 0;
  while (size < cookie.size() && cookie[size] != '=') ++size;
  return size;
}

}  // namespace

ProxySession::ProxySession(const ProxySessionConfig& config, ByteSpan workspace) : config_(config) {
  SVSM_CHECK(workspace.size() >= kProxyWorkspaceSize);
  SVSM_CHECK(ParseResourceName(config.resource).ok());
  out_ = workspace.first(kFrameHeaderSize + kMaxFrameBodySize);
  decoded_ = workspace.subspan(out_.size(), kMaxFrameBodySize);
  scratch_ = workspace.subspan(out_.size() + decoded_.size(), kMaxFrameBodySize);
  token_buffer_ = workspace.subspan(out_.size() + 2 * kMaxFrameBodySize, kMaxTokenSize);
}

ProxySession::Step ProxySession::Need(std::size_t size, State state) {
  needed_ = size;
  state_ = state;
  return {.kind = Step::Kind::kNeed, .need = size};
}

ProxySession::Step ProxySession::Send(const Result<ByteView>& frame, State after) {
  if (!frame.ok()) return Refuse(ProxyRefusal::kTooLarge);
  needed_ = 0;
  state_ = after;
  return {.kind = Step::Kind::kSend, .send = *frame};
}

ProxySession::Step ProxySession::Call(HttpCall::Method method, ByteView path, ByteView body,
                                      State state) {
  state_ = state;
  Step step = {.kind = Step::Kind::kCall};
  step.call = {.method = method,
               .path = path,
               .body = body,
               .cookie = ByteView(cookies_).first(cookies_size_)};
  return step;
}

ProxySession::Step ProxySession::Refuse(ProxyRefusal refusal) {
  refusal_ = refusal;
  return Send(EncodeFrame(refusal, out_), State::kLastSent);
}

ProxySession::Step ProxySession::BrokerRefused() {
  return Send(EncodeFrame(AttestationResponse{}, out_), State::kLastSent);
}

ProxySession::Step ProxySession::Advance(ByteView in) {
  SVSM_CHECK(in.size() == needed_);
  switch (state_) {
    case State::kStart:
    case State::kSent:
      return Need(kFrameHeaderSize, State::kHeader);
    case State::kHeader:
      return TakeHeader(in);
    case State::kBody:
      return TakeBody(in);
    case State::kLastSent:
      state_ = State::kEnded;
      return {};
    default:
      break;
  }
  SVSM_CHECK(false);
  return {};
}

ProxySession::Step ProxySession::TakeHeader(ByteView in) {
  const Result<std::size_t> size = FrameBodySize(in.first<kFrameHeaderSize>(), kMaxFrameBodySize);
  if (!size.ok()) return Refuse(ProxyRefusal::kMalformed);
  return Need(*size, State::kBody);
}

ProxySession::Step ProxySession::TakeBody(ByteView in) {
  needed_ = 0;
  switch (mode_) {
    case Mode::kUnknown:
      if (!IsForwardRequest(in)) return TakeFirst(in);
      mode_ = Mode::kForward;
      return TakeForward(in);
    case Mode::kNegotiate:
      return TakeEvidence(in);
    case Mode::kForward:
      return TakeForward(in);
  }
  return Refuse(ProxyRefusal::kMalformed);
}

ProxySession::Step ProxySession::TakeFirst(ByteView in) {
  mode_ = Mode::kNegotiate;
  const Result<NegotiationRequest> request = DecodeNegotiationRequest(in);
  if (!request.ok()) return Refuse(ProxyRefusal::kMalformed);
  if (request->version != kProxyProtocolVersion) return Refuse(ProxyRefusal::kVersion);
  const Result<ByteView> body = EncodeAuthRequest(out_);
  if (!body.ok()) return Refuse(ProxyRefusal::kTooLarge);
  return Call(HttpCall::Method::kPost, kAuthPath, *body, State::kAuth);
}

ProxySession::Step ProxySession::TakeChallenge(ByteView body) {
  const Result<Challenge> challenge = DecodeChallenge(body);
  if (!challenge.ok()) return Refuse(ProxyRefusal::kBroker);
  Bytes<kMaxNonceSize> buffer{};
  const Result<ByteView> nonce = DecodeNonce(challenge->nonce, buffer);
  if (!nonce.ok()) return Refuse(ProxyRefusal::kBroker);
  nonce_text_size_ = challenge->nonce.size();
  Copy(nonce_text_, challenge->nonce);
  NegotiationResponse response;
  response.challenge = *nonce;
  response.params = {BindingParam::kEcPublicKeyBytes, BindingParam::kChallenge};
  response.num_params = 2;
  return Send(EncodeFrame(response, out_), State::kSent);
}

ProxySession::Step ProxySession::TakeEvidence(ByteView in) {
  const Result<AttestationRequest> request = DecodeAttestationRequest(in, decoded_);
  if (!request.ok()) return Refuse(ProxyRefusal::kMalformed);
  const Result<ByteView> nonce = EncodeBase64(Base64::kStandard, request->challenge, scratch_);
  if (!nonce.ok() || !Equal(*nonce, ByteView(nonce_text_).first(nonce_text_size_))) {
    return Refuse(ProxyRefusal::kMalformed);
  }
  const Result<ByteView> body = EncodeBody(*request);
  if (!body.ok()) return Refuse(ProxyRefusal::kMalformed);
  return Call(HttpCall::Method::kPost, kAttestPath, *body, State::kAttest);
}

// The evidence as the report's own bytes, in the form of the existing proxy.
Result<ByteView> ProxySession::EncodeBody(const AttestationRequest& request) {
  JsonWriter json(scratch_);
  json.BeginObject();
  json.Key("certs-buf");
  if (request.certificates.empty()) {
    json.Null();
  } else {
    json.Encoded(Base64::kStandard, request.certificates);
  }
  json.Key("snp-report");
  json.Encoded(Base64::kStandard, request.report);
  json.EndObject();
  SVSM_ASSIGN_OR_RETURN(const ByteView evidence, json.Finish());
  Bytes<kTeeKeyTextSize> texts{};
  SVSM_ASSIGN_OR_RETURN(const TeeKey key,
                        TeeKeyOf({.curve = crypto::Curve::kP521, .point = request.key}, texts));
  Attestation message;
  message.init_data = Attestation::InitData::kNull;
  message.nonce = ByteView(nonce_text_).first(nonce_text_size_);
  message.key = key;
  message.primary_evidence = evidence;
  return EncodeAttestation(message, out_);
}

ProxySession::Step ProxySession::Advance(const HttpReply& reply) {
  const State state = state_;
  SVSM_CHECK(state == State::kAuth || state == State::kAttest || state == State::kResource ||
             state == State::kForward);
  if (state == State::kForward) return TakeForwarded(reply);
  if (reply.failure) return Refuse(RefusalOf(*reply.failure));
  if (reply.body.size() > kMaxHttpReplySize) return Refuse(ProxyRefusal::kTooLarge);
  const bool accepted = reply.status == kHttpOk;
  if (state == State::kAuth) {
    return accepted ? TakeChallenge(reply.body) : Refuse(ProxyRefusal::kAuth);
  }
  if (!accepted) return BrokerRefused();
  return state == State::kAttest ? TakeToken(reply.body) : TakeSecret(reply.body);
}

ProxySession::Step ProxySession::TakeToken(ByteView body) {
  const Result<TokenReply> reply = DecodeTokenReply(body);
  if (!reply.ok()) return Refuse(ProxyRefusal::kBroker);
  Copy(token_buffer_, reply->token);
  token_ = token_buffer_.first(reply->token.size());
  return Call(HttpCall::Method::kGet, ResourcePath(config_.resource), {}, State::kResource);
}

ProxySession::Step ProxySession::TakeSecret(ByteView body) {
  const Result<ByteView> frame = EncodeAnswer(body);
  if (frame.ok()) return Send(frame, State::kLastSent);
  // A body that was understood, but is larger in base64 than a frame.
  const bool too_large = frame.status() == Status(Code::kInvalidArgument, Source::kKbs,
                                                  static_cast<std::uint32_t>(kMaxFrameBodySize)) ||
                         frame.status().code() == Code::kBufferTooSmall;
  return Refuse(too_large ? ProxyRefusal::kTooLarge : ProxyRefusal::kBroker);
}

Result<ByteView> ProxySession::EncodeAnswer(ByteView body) {
  SVSM_ASSIGN_OR_RETURN(const JweMessage jwe, DecodeJwe(body, decoded_));
  AttestationResponse answer;
  answer.success = true;
  answer.secret = jwe.ciphertext;
  ProxyDecryption decryption;
  SVSM_ASSIGN_OR_RETURN(decryption.epk, EpkOf(jwe));
  decryption.wrapped_cek = jwe.encrypted_key;
  decryption.aad = jwe.protected_text;
  decryption.iv = jwe.iv;
  decryption.tag = jwe.tag;
  answer.decryption = decryption;
  answer.token = ProxyToken{.kind = ProxyToken::Kind::kJwt, .text = token_};
  return EncodeFrame(answer, out_);
}

// The one ephemeral key, wherever it stands.
Result<crypto::EcPointView> ProxySession::EpkOf(const JweMessage& jwe) {
  SVSM_ASSIGN_OR_RETURN(const ByteView text,
                        DecodeBase64(Base64::kUrl, jwe.protected_text, scratch_));
  SVSM_ASSIGN_OR_RETURN(const JweHeader header,
                        DecodeJweHeader(text, scratch_.subspan(text.size())));
  if (header.epk.has_value() == jwe.epk.has_value()) return Malformed();
  const EcJwk& epk = header.epk ? *header.epk : *jwe.epk;
  if (epk.curve != crypto::Curve::kP521) return Malformed();
  return epk.point;
}

ProxySession::Step ProxySession::TakeForward(ByteView in) {
  const Result<ForwardRequest> request = DecodeForwardRequest(in, decoded_);
  if (!request.ok()) return Send(EncodeFrame(Failed(ForwardFailure::kRefused), out_), State::kSent);
  constexpr HttpCall::Method kPost = HttpCall::Method::kPost;
  switch (request->kind) {
    case ForwardKind::kAuth:
      return Call(kPost, kAuthPath, request->body, State::kForward);
    case ForwardKind::kAttest:
      return Call(kPost, kAttestPath, request->body, State::kForward);
    case ForwardKind::kResource:
      return Call(HttpCall::Method::kGet, ResourcePath(request->path), {}, State::kForward);
    case ForwardKind::kLedger:
      return Call(kPost, kLedgerPath, request->body, State::kForward);
  }
  return Refuse(ProxyRefusal::kMalformed);
}

ProxySession::Step ProxySession::TakeForwarded(const HttpReply& reply) {
  ForwardReply answer = {.status = reply.status, .body = reply.body};
  if (reply.failure) {
    answer = Failed(*reply.failure);
  } else if (reply.body.size() > kMaxForwardBodySize) {
    answer = Failed(ForwardFailure::kTooLarge);
  } else if (reply.status < kMinHttpStatus || reply.status > kMaxHttpStatus) {
    answer = Failed(ForwardFailure::kUnreachable);
  }
  return Send(EncodeFrame(answer, out_), State::kSent);
}

ByteView ProxySession::ResourcePath(ByteView name) {
  Copy(path_, kResourcePath);
  Copy(ByteSpan(path_).subspan(kResourcePath.size()), name);
  return ByteView(path_).first(kResourcePath.size() + name.size());
}

void ProxySession::SetCookie(ByteView header) {
  const ByteView cookie = CookieOfSetCookie(header);
  if (cookie.empty()) return;
  const ByteView name = cookie.first(NameSize(cookie) + 1);
  // One of that name goes, and the others move up.
  std::size_t kept = 0;
  for (std::size_t at = 0; at < cookies_size_;) {
    std::size_t end = at;
    while (end < cookies_size_ && cookies_[end] != ';') ++end;
    const ByteView old = ByteView(cookies_).subspan(at, end - at);
    if (old.size() < name.size() || !Equal(old.first(name.size()), name)) {
      if (kept > 0) {
        cookies_[kept++] = ';';
        cookies_[kept++] = ' ';
      }
      Copy(ByteSpan(cookies_).subspan(kept), old);
      kept += old.size();
    }
    at = end + 2;
  }
  cookies_size_ = kept;
  const std::size_t separator = kept > 0 ? 2 : 0;
  if (cookie.size() + separator > cookies_.size() - kept) return;
  if (separator > 0) Copy(ByteSpan(cookies_).subspan(kept), Ascii("; "));
  Copy(ByteSpan(cookies_).subspan(kept + separator), cookie);
  cookies_size_ = kept + separator + cookie.size();
}

}  // namespace svsm::kbs
