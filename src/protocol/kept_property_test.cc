// Chats of five turns over the published templates, some replies cancelled:
// with kept ids in it, a prompt's ids still spell the rendering.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "protocol/published_templates.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

const std::vector<std::string>& Pieces() {
  static const auto& pieces = *new std::vector<std::string>{
      "so", "me", " wor", "ds", "rds ", "\n\n", "wo", "s", " ", "é", "12"};
  return pieces;
}

class KeptPropertyTest : public testing::Test {
 protected:
  std::string Draw(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += Pieces()[random_() % Pieces().size()];
    return text;
  }

  static std::vector<TokenId> Bytes(const std::string& text) {
    std::vector<TokenId> ids;
    for (const unsigned char byte : text) ids.push_back(byte);
    return ids;
  }

  std::mt19937 random_{23};
};

std::string Spelled(const TurnProtocol& protocol,
                    const RenderedPrompt& prompt) {
  std::string text;
  for (const TokenId id : prompt.TokenIds()) {
    text += protocol.tokenizer()->TokenBytes(id);
  }
  return text;
}

TEST_F(KeptPropertyTest, IdsSpellTheRendering) {
  if (!std::filesystem::exists(PublishedTemplates())) {
    GTEST_SKIP() << "no templates in " << PublishedTemplates()
                 << "; name their folder's parent by FULLSTOP_DATA";
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(PublishedTemplates())) {
    const auto protocol = PublishedModel(entry.path()).Resolve();
    std::vector<TokenId> stops;
    for (const Stop& stop : protocol->stops().stops) stops.push_back(stop.id);
    for (int chat = 0; chat < 20; ++chat) {
      RenderRequest request;
      request.now = [] { return std::time_t{0}; };
      for (const std::string& name :
           protocol->TemplateFor(false).undeclared()) {
        if (name == "functions" || name == "datetime") {
          request.variables[name] = "none";
        }
      }
      size_t kept = 0;
      size_t generated = 0;
      for (int turn = 0; turn < 5; ++turn) {
        request.messages.push_back({{"role", "user"}, {"content", Draw(4)}});
        const std::string reply = Draw(6);
        std::vector<TokenId> ids = Bytes(reply);
        if (!stops.empty() && random_() % 3 != 0) {
          ids.push_back(stops[random_() % stops.size()]);
        }
        generated = ids.size();
        request.kept[request.messages.size()] = std::move(ids);
        request.messages.push_back({{"role", "assistant"}, {"content", reply}});
      }
      request.messages.push_back({{"role", "user"}, {"content", "end"}});
      RenderedPrompt prompt;
      try {
        prompt = Render(*protocol, request);
      } catch (const Error&) {
        continue;  // needs tools
      }
      EXPECT_EQ(Spelled(*protocol, prompt), prompt.text) << entry.path().stem();
      ASSERT_EQ(prompt.kept.size(), 5);
      for (const KeptReport& report : prompt.kept) kept += report.ids_kept;
      EXPECT_GT(kept, generated) << entry.path().stem();
      for (const KeptReport& report : prompt.kept) {
        for (const Reencoded& place : report.reencoded) {
          EXPECT_FALSE(place.reason.empty());
          EXPECT_LE(place.end, prompt.text.size());
        }
      }
    }
  }
}

}  // namespace
}  // namespace fullstop
