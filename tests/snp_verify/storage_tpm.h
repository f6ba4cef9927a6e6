// A manufactured TPM, and the commands with which a guest takes a storage key into it.
#ifndef SVSM_TESTS_SNP_VERIFY_STORAGE_TPM_H_
#define SVSM_TESTS_SNP_VERIFY_STORAGE_TPM_H_

#include <memory>
#include <string>
#include <vector>

#include "svsm/core/writer.h"
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/vtpm/manufacture.h"
#include "tests/vtpm/test_tpm.h"

namespace svsm::snp {

class StorageTpm {
 public:
  static constexpr std::uint32_t kPassword = 0x40000009;  // TPM_RS_PW

  explicit StorageTpm(std::uint64_t seed) : tpm_(store_, seed) {
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
    const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
    vtpm::FakeAttester attester;
    vtpm::ManufactureWorkspace workspace;
    EXPECT_THAT(
        vtpm::Manufacture(tpm_.engine(), attester, {sha256, sha384, sha512}, {}, workspace, made_),
        testing::IsOk());
  }

  const vtpm::EkOutcome& Ek(evidence::KeyTemplate id) const {
    for (const vtpm::EkOutcome& ek : made_.eks) {
      if (ek.id == id) return ek;
    }
    return made_.eks[0];
  }

  // A command's answer.
  struct Answer {
    std::uint32_t code = 0;
    ByteVector parameters;  // handle and parameters, without header and sessions
  };
  Answer Run(std::uint32_t command, const std::vector<std::uint32_t>& handles,
             const std::vector<std::uint32_t>& sessions, const std::vector<ByteView>& parameters,
             bool gives_handle = false, ByteView password = {}) {
    ByteVector buffer(vtpm::kMaxTpmBuffer);
    wire::Writer w(buffer);
    w.Be16(sessions.empty() ? 0x8001 : 0x8002);
    w.Be32(0);
    w.Be32(command);
    for (const std::uint32_t handle : handles) w.Be32(handle);
    if (!sessions.empty()) {
      const wire::Writer::Mark area = w.BeginBe32Sized();
      for (const std::uint32_t session : sessions) {
        w.Be32(session);
        w.PutBe16Sized({});
        w.U8(session == kPassword ? 1 : 0);
        w.PutBe16Sized(session == kPassword ? password : ByteView());
      }
      w.End(area);
    }
    for (const ByteView parameter : parameters) w.Put(parameter);
    w.PatchBe32(2, static_cast<std::uint32_t>(w.size()));
    const ByteView bytes = w.Finish().value();
    ByteView response = tpm_.Run(bytes);
    Answer answer;
    answer.code = vtpm::ResponseCode(response).value();
    // The first use of a key that counts failed attempts says so, once.
    constexpr std::uint32_t kRetry = 0x922;
    if (answer.code == kRetry) {
      response = tpm_.Run(bytes);
      answer.code = vtpm::ResponseCode(response).value();
    }
    if (answer.code != 0) return answer;
    std::size_t at = vtpm::kTpmHeaderSize;
    const std::size_t handle_size = gives_handle ? 4 : 0;
    answer.parameters = ToVector(response.subspan(at, handle_size));
    at += handle_size;
    if (!sessions.empty()) {
      const std::size_t size = wire::Read<wire::Be32>(response.subspan(at, 4)).value().get();
      const ByteView body = response.subspan(at + 4, size);
      answer.parameters.insert(answer.parameters.end(), body.begin(), body.end());
    } else {
      const ByteView body = response.subspan(at);
      answer.parameters.insert(answer.parameters.end(), body.begin(), body.end());
    }
    return answer;
  }

  static std::uint32_t HandleOf(const Answer& answer) {
    return answer.parameters.size() < 4
               ? 0
               : wire::Read<wire::Be32>(ByteView(answer.parameters).first(4)).value().get();
  }

  // A policy session over SHA-256.
  std::uint32_t PolicySession() {
    const auto parameters =
        *FromHex("0010" + std::string(32, '0') + "0000" + "01" + "0010" + "000B");
    const Answer answer = Run(0x176, {0x40000007, 0x40000007}, {}, {parameters}, true);
    EXPECT_EQ(answer.code, 0u);
    return HandleOf(answer);
  }
  // What the use of an EK takes: a policy session with PolicySecret(endorsement), or, where its
  // template says userWithAuth, the empty password.
  std::uint32_t EkSession(evidence::KeyTemplate id) {
    if (id == evidence::KeyTemplate::kEkP384) return kPassword;
    const std::uint32_t session = PolicySession();
    const auto nothing = *FromHex("00000000000000000000");
    EXPECT_EQ(Run(0x151, {vtpm::kTpmRhEndorsement, session}, {kPassword}, {nothing}).code, 0u);
    return session;
  }
  std::uint32_t PolicyPcrSession(ByteView selection) {
    const std::uint32_t session = PolicySession();
    const auto no_digest = *FromHex("0000");
    EXPECT_EQ(Run(0x17F, {session}, {}, {no_digest, selection}).code, 0u);
    return session;
  }

  Answer Import(std::uint32_t parent, std::uint32_t session, ByteView inner_key,
                ByteView public_area, ByteView duplicate, ByteView seed) {
    ByteVector key(2 + inner_key.size());
    key[1] = static_cast<std::uint8_t>(inner_key.size());
    Copy(ByteSpan(key).subspan(2), inner_key);
    const auto symmetric = *FromHex(inner_key.empty() ? "0010" : "000600800043");
    return Run(0x156, {parent}, {session}, {key, public_area, duplicate, seed, symmetric});
  }
  Answer Load(std::uint32_t parent, std::uint32_t session, ByteView private_area,
              ByteView public_area) {
    return Run(0x157, {parent}, {session}, {private_area, public_area}, true);
  }
  Answer Unseal(std::uint32_t object, std::uint32_t session, ByteView password = {}) {
    return Run(0x15E, {object}, {session}, {}, false, password);
  }
  Answer ActivateCredential(std::uint32_t object, std::uint32_t ek, std::uint32_t ek_session,
                            ByteView credential, ByteView secret) {
    return Run(0x147, {object, ek}, {kPassword, ek_session}, {credential, secret});
  }
  void Flush(std::uint32_t handle) {
    EXPECT_EQ(tpm_.Code(vtpm::BuildFlushContext(handle, tpm_.command)), 0u);
  }
  ByteVector PublicOf(std::uint32_t handle) {
    const auto read = vtpm::ParseReadPublic(tpm_.Run(vtpm::BuildReadPublic(handle, tpm_.command)));
    EXPECT_THAT(read, testing::IsOk());
    return read.ok() ? ToVector(read->tpm2b_public) : ByteVector();
  }
  // A primary key of the owner's hierarchy.
  std::uint32_t CreatePrimary(ByteView tpmt) {
    const auto made = vtpm::ParseCreatePrimary(
        tpm_.Run(vtpm::BuildCreatePrimary(vtpm::kTpmRhOwner, tpmt, tpm_.command)));
    EXPECT_THAT(made, testing::IsOk());
    return made.ok() ? made->handle : 0;
  }
  vtpm::TestTpm& tpm() { return tpm_; }

 private:
  MemoryStateStore store_;
  vtpm::TestTpm tpm_;
  vtpm::ManufacturedVtpm made_;
};

}  // namespace svsm::snp

#endif  // SVSM_TESTS_SNP_VERIFY_STORAGE_TPM_H_
