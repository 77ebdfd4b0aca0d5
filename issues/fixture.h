// One failure of the catalogue as data, and the real code run over it: a folder
// or a GGUF file of our own is written, opened, its protocol resolved, and a
// conversation held with a model that says what its script says.
//
// Texts name control tokens by their spelling; what stands between U+2045 and
// U+2046 is ordinary bytes, whatever it spells.
#ifndef FULLSTOP_ISSUES_FIXTURE_H_
#define FULLSTOP_ISSUES_FIXTURE_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/conversation.h"
#include "engine/loaded_model.h"
#include "protocol/byte_model.h"

namespace fullstop {

using Json = nlohmann::ordered_json;

// All of issues/fixtures, by id.
std::vector<Json> ReadFixtures();

// FIXTURE with every token of its vocabulary renamed, further tokens among
// them, and all ids in another order. A name in `families` stays one of its
// kind.
Json Renamed(const Json& fixture, std::mt19937_64* random);

// The turns of a PLAY; a play of one turn is that turn itself.
std::vector<Json> Turns(const Json& play);

// The model that a fixture describes, as files on disk until the object goes.
class FixtureModel {
 public:
  explicit FixtureModel(const Json& fixture);
  FixtureModel(const FixtureModel&) = delete;
  FixtureModel& operator=(const FixtureModel&) = delete;
  ~FixtureModel();

  const Json& fixture() const { return fixture_; }
  // Of the files.
  const std::string& path() const { return path_; }
  const TurnProtocol& protocol() const { return loaded_->protocol(); }
  const std::vector<TokenId>& suppressed() const {
    return loaded_->suppressed();
  }
  size_t size() const { return loaded_->tokenizer().size(); }
  TokenId Id(std::string_view token) const;
  // TEXT as ids: its control tokens, and bytes.
  std::vector<TokenId> Ids(std::string_view text) const;
  // What IDS show a reader: all but control tokens.
  std::string Text(std::span<const TokenId> ids) const;
  // What FILE of the fixture (or its GGUF) says under FIELD, tokens as ids.
  Json Declared(const std::string& file, const std::string& field) const;
  // The prompt for MESSAGES, no reply kept.
  std::vector<TokenId> Prompt(const Json& messages) const;

 private:
  std::string Write() const;
  Json WithIds(const Json& value) const;

  Json fixture_;
  std::vector<std::string> control_;
  std::vector<std::string> added_;
  std::string path_;
  std::unique_ptr<LoadedModel> loaded_;
};

// One turn of a play, as it was held.
struct PlayedTurn {
  // Why there is no turn.
  std::string error;
  Turn turn;
  // The answer as a reader of a stream gets it, in whole characters.
  std::string streamed;
  // What the cache held when the turn was over.
  std::vector<TokenId> cached;
  // With which probability the chain would have drawn the end.
  double end_drawn_with = 0;
};

std::vector<PlayedTurn> Play(const FixtureModel& model, const Json& play);

// SamplingParams of which JSON names fields; all others are off.
SamplingParams SamplingFrom(const Json& json);

}  // namespace fullstop

#endif  // FULLSTOP_ISSUES_FIXTURE_H_
