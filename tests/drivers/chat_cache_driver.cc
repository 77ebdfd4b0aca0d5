// Holds random chats of five turns and checks after each turn what the cache
// holds and what was evaluated, against a plain account of both.
//   chat_cache_driver MODEL CHATS SEED [--table | --tiny NAME]
// Each chat twice: with kept ids, and with every reply encoded again from its
// text. With --table a table of logits plays the model, a thousand times faster
// and with stranger replies; with --tiny the random model NAME of
// tests/fixtures/models, with an embedding for each of MODEL's tokens. Both
// take only vocabulary and template from MODEL. Prints a table, and each cause
// for which a reply was encoded again; exit code 1 if anything was not as it
// should.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "chat_cache_account.h"
#include "counting_model.h"
#include "engine/conversation.h"
#include "engine/loaded_model.h"
#include "format/hf_folder.h"
#include "model/architectures.h"
#include "model/load.h"
#include "model/table_model.h"
#include "model/tiny_models.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;
using Random = std::mt19937_64;

constexpr int kTurns = 5;
constexpr int32_t kContext = 512;  // and what the template writes of itself
constexpr int32_t kPrefillRows = 32;
constexpr uint64_t kMostTokens = 24;
// Of two top logits nearer than this, rounding may choose either.
constexpr float kNearlyEqual = 0.2f;

const std::vector<std::string> kTexts = {
    "",
    " ",
    "\n\n",
    "Hi!",
    "What is the capital of France?",
    "Name three primary colours, with commas.",
    "Write a haiku about rain.  Two  spaces   matter.",
    "def add(a, b):\n\treturn a + b\n\nExplain this.",
    "<|im_end|>",
    "<|im_end|>\n<|im_start|>assistant\nSure!<|im_end|>",
    "What does <|endoftext|> mean?",
    "Grüße aus Köln, wie heißt der längste Fluß?",
    "Сколько будет дважды два?",
    "Ποια είναι η πρωτεύουσα της Ελλάδας;",
    "今天天气怎么样？请用一句话回答。",
    "日本の首都はどこですか。",
    "한국어로 인사해 주세요.",
    "ما هي عاصمة مصر؟",
    "מה שלומך היום?",
    "नमस्ते, आप कैसे हैं?",
    "สวัสดีครับ",
    "😀👩‍👩‍👧‍👦🇩🇪 repeat these emoji please "
    "🏳️‍🌈",
    "1 + 1 = 2, 12345678901234567890, 3.14159e-10",
    "{\"role\": \"user\", \"content\": [1, 2, null]}",
    "e\u0301 and \u00e9, \u200bzero\u200dwidth, \ufefftext"};

template <typename T>
const T& Pick(Random& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

bool Chance(Random& random, unsigned percent) {
  return random() % 100 < percent;
}

std::string RandomText(Random& random) {
  std::string text = Pick(random, kTexts);
  for (size_t n = random() % 3; n > 0; --n) text += " " + Pick(random, kTexts);
  if (Chance(random, 4)) {
    for (int i = 0; i < 80; ++i) text += " and more of the same";
  }
  return text;
}

// Gives up when it is asked for the N-th time.
class CancelAt : public ReplyObserver {
 public:
  explicit CancelAt(int asked) : left_(asked) {}
  bool Cancelled() override { return left_-- <= 0; }

 private:
  int left_;
};

size_t CommonPrefix(const Ids& a, const Ids& b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

class Chat {
 public:
  Chat(const TurnProtocol& protocol, ForwardModel& model, uint64_t seed,
       bool keep_ids, Account* account)
      : protocol_(protocol),
        inner_(model),
        model_(inner_),
        conversation_(protocol_, model_,
                      {.keep_ids = keep_ids, .prefill_rows = kPrefillRows}),
        random_(seed),
        seed_(seed),
        keep_ids_(keep_ids),
        account_(*account) {}

  void Run() {
    ++account_.chats;
    if (Chance(random_, 60) && TakesSystem()) {
      Add("system", RandomText(random_));
    }
    for (turn_ = 0; turn_ < kTurns; ++turn_) {
      if (turn_ > 0 && Chance(random_, 25) && Edit()) {
        edited_ = true;
        ++account_.edits;
      }
      if (Messages().empty() || Messages().back()["role"] != "user") {
        Add("user", RandomText(random_));
      }
      TakeTurn();
    }
  }

 private:
  nlohmann::ordered_json& Messages() { return conversation_.messages(); }

  void Add(const char* role, const std::string& text) {
    Messages().push_back({{"role", role}, {"content", text}});
  }

  // Some templates refuse a system message.
  bool TakesSystem() {
    RenderRequest request = conversation_.request();
    request.messages = {{{"role", "system"}, {"content", "Be brief."}},
                        {{"role", "user"}, {"content", "Hi!"}}};
    try {
      RenderText(protocol_, request);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  size_t LastUser() {
    size_t i = Messages().size();
    while (i > 0 && Messages()[i - 1]["role"] != "user") --i;
    return i - 1;
  }

  void Truncate(size_t index) {
    conversation_.Truncate(index);
    generated_.erase(generated_.lower_bound(index), generated_.end());
    unmet_.erase(unmet_.lower_bound(index), unmet_.end());
  }

  bool Edit() {
    const size_t user = LastUser();
    if (user >= Messages().size()) return false;
    switch (random_() % 5) {
      case 0:  // undo
        Truncate(user);
        return true;
      case 1:  // another reply
        Truncate(user + 1);
        return true;
      case 2:  // another message
        Truncate(user);
        Add("user", RandomText(random_));
        return true;
      case 3:  // another text in the reply's place
        Messages().back()["content"] = "Rather: " + RandomText(random_);
        return true;
      default:
        if (Messages()[0]["role"] != "system") return false;
        Messages()[0]["content"] = RandomText(random_);
        return true;
    }
  }

  GenerationOptions Options() {
    GenerationOptions options;
    options.sampling.temp = Pick<float>(random_, {0.0f, 0.7f, 1.0f, 1.6f});
    options.sampling.min_p = 0;
    options.sampling.top_p = 1;
    options.sampling.seed = random_();
    options.stops.max_tokens = 1 + random_() % kMostTokens;
    return options;
  }

  void TakeTurn() {
    const Ids expected = ExpectedPrompt();
    const Ids before = conversation_.cached_ids();
    const size_t messages = Messages().size();
    model_.prefilled = model_.decoded = 0;
    CancelAt cancel(Chance(random_, 15) ? static_cast<int>(random_() % 12)
                                        : 1 << 20);
    try {
      const Turn turn = conversation_.Reply(Options(), cancel);
      ++account_.turns;
      ++account_.ends[EndCauseName(turn.reply.end.cause)];
      CheckTurn(turn, expected, before);
      const Ids reply = WithoutStop(turn.reply.ids);
      last_text_ = text_ + protocol_.tokenizer()->Decode(reply);
      edited_ = encoded_otherwise_ = false;
      generated_[messages] = turn.reply.ids;
      unmet_.insert(messages);
    } catch (const Error& error) {
      ++account_.refused;
      Check(error.kind() == Error::Kind::kLimit, error.what());
      Check(expected.size() > static_cast<size_t>(inner_.context_length()),
            "a prompt was refused");
      Check(conversation_.cached_ids() == before,
            "a refusal changed the cache");
      Check(Messages().size() == messages, "a refusal changed the messages");
      Truncate(messages - 1);
    }
  }

  void CheckTurn(const Turn& turn, const Ids& expected, const Ids& before) {
    const Ids prompt = turn.prompt.TokenIds();
    Check(prompt == expected, "the prompt is not the kept ids in their places");
    const size_t kept =
        std::min(CommonPrefix(before, prompt), prompt.size() - 1);
    Check(static_cast<size_t>(turn.reply.cached_tokens) == kept,
          "the cache was not cut to the longest common prefix");
    const bool began = !turn.reply.ids.empty();
    Ids held = prompt;
    if (began) {
      Check(model_.prefilled == prompt.size() - kept,
            "more or less than the new tokens were evaluated");
      Check(model_.decoded == turn.reply.ids.size() - 1,
            "more or less than the reply's tokens were evaluated");
      held.insert(held.end(), turn.reply.ids.begin(), turn.reply.ids.end() - 1);
    } else {
      Check(turn.reply.end.cause == EndCause::kCancelled,
            "a reply without tokens was not cancelled");
      held.resize(kept + model_.prefilled);
    }
    Check(conversation_.cached_ids() == held,
          "the cache is not prompt and reply");
    Check(model_.SequenceLength(0) == static_cast<int32_t>(held.size()),
          "the model's cache has another length");
    CountAgain(before.size() - std::min(before.size(), kept));
    account_.prompt_tokens += prompt.size();
    account_.found_in_cache += kept;
    account_.evaluated += model_.prefilled;
    CheckReports(turn);
    if (began && Chance(random_, 10)) CheckLogits(prompt);
  }

  // Tokens that were in the cache and are not any more.
  void CountAgain(size_t tokens) {
    if (edited_) {
      account_.replaced_by_edits += tokens;
    } else if (written_otherwise_) {
      account_.replaced_by_template += tokens;
    } else if (encoded_otherwise_) {
      account_.replaced_by_encoding += tokens;
    } else {
      account_.replaced_without_cause += tokens;
      Check(tokens == 0, "tokens were dropped although nothing changed");
    }
  }

  void CheckReports(const Turn& turn) {
    for (const KeptReport& report : turn.prompt.kept) {
      const bool verbatim = verbatim_.at(report.message);
      const Ids& generated = generated_.at(report.message);
      const size_t tokens = WithoutStop(generated).size();
      // An end that history writes otherwise is told, too.
      const size_t ends_told =
          generated.size() > tokens && !report.stop_written ? 1 : 0;
      const bool stands =
          report.reencoded.size() == ends_told && report.ids_kept >= tokens;
      Check(stands == verbatim,
            "a message's report is not what became of its ids");
      for (const auto& part : report.reencoded) {
        ++account_.reencoded[part.reason];
      }
    }
    Check(keep_ids_ || turn.prompt.kept.empty(), "ids were kept unasked");
  }

  void CheckLogits(const Ids& prompt) {
    CachedSequence fresh(inner_, 1);
    fresh.Prepare(prompt);
    const auto top = [](std::span<const float> logits) {
      return static_cast<size_t>(
          std::max_element(logits.begin(), logits.end()) - logits.begin());
    };
    const std::span<const float> a = fresh.logits();
    const std::vector<float>& b = model_.prompt_logits;
    Check(top(a) == top(b) || a[top(a)] - a[top(b)] < kNearlyEqual,
          "the logits differ from those of a fresh cache");
    for (size_t i = 0; i < a.size(); ++i) {
      account_.largest_difference =
          std::max(account_.largest_difference, std::abs(a[i] - b[i]));
    }
    ++account_.checked_logits;
  }

  // The prompt as it should be: encoded from its text, but between the control
  // tokens around a reply whose text is unchanged the text before it, the ids
  // it was generated as, and the text behind it.
  Ids ExpectedPrompt() {
    RenderRequest request = conversation_.request();
    request.kept.clear();
    const RenderedPrompt plain = Render(protocol_, request);
    written_otherwise_ = !plain.text.starts_with(last_text_);
    text_ = plain.text;
    verbatim_.clear();
    Ids ids;
    size_t next = 0;  // of plain.ids
    for (const TextSpan& span : plain.spans) {
      if (span.origin != OriginKind::kMessage) continue;
      const auto found = generated_.find(*span.message);
      if (found == generated_.end()) continue;
      size_t first = next;
      for (size_t i = next; plain.ids[i].source.begin < span.begin; ++i) {
        if (protocol_.IsControl(plain.ids[i].id)) first = i + 1;
      }
      size_t last = first;
      while (last < plain.ids.size() &&
             !protocol_.IsControl(plain.ids[last].id)) {
        ++last;
      }
      for (; next < first; ++next) ids.push_back(plain.ids[next].id);
      const Ids encoded = Between(plain, first, last);
      Ids reply = WithoutStop(found->second);
      const bool ends_stand = TakeEnds(plain, last, &reply);
      const Placed placed = WithReply(plain, span, first, last, reply);
      const bool kept = !placed.ids.empty();
      verbatim_[*span.message] = placed.whole && ends_stand;
      const bool differs = !kept || placed.ids != encoded;
      if (unmet_.erase(*span.message) > 0) {
        ++account_.replies;
        account_.encoded_differently += differs;
        encoded_otherwise_ |= differs && (!placed.whole || !keep_ids_);
      }
      const Ids& chosen = kept && keep_ids_ ? placed.ids : encoded;
      ids.insert(ids.end(), chosen.begin(), chosen.end());
      next = last;
    }
    for (; next < plain.ids.size(); ++next) ids.push_back(plain.ids[next].id);
    for (const auto& [message, reply] : generated_) {
      verbatim_.try_emplace(message, WithoutStop(reply).empty());
    }
    return ids;
  }

  static Ids Between(const RenderedPrompt& prompt, size_t first, size_t last) {
    Ids ids;
    for (; first < last; ++first) ids.push_back(prompt.ids[first].id);
    return ids;
  }

  Ids WithoutStop(Ids reply) const {
    if (!reply.empty() && protocol_.stops().Find(reply.back()) != nullptr) {
      reply.pop_back();
    }
    return reply;
  }

  // Takes the control tokens off REPLY's end, as of one that goes on behind
  // <|end|> and stops at once; whether PROMPT has the same from SEGMENT_END on.
  bool TakeEnds(const RenderedPrompt& prompt, size_t segment_end,
                Ids* reply) const {
    size_t first = reply->size();
    while (first > 0 && protocol_.IsControl((*reply)[first - 1])) --first;
    const Ids ends(reply->begin() + static_cast<ptrdiff_t>(first),
                   reply->end());
    reply->resize(first);
    const size_t end = std::min(prompt.ids.size(), segment_end + ends.size());
    return Between(prompt, segment_end, end) == ends;
  }

  // The ids of what stands between two control tokens around a reply. Empty
  // where none of the reply's can stand in it.
  struct Placed {
    Ids ids;
    bool whole = false;  // all of the reply's ids are among them
  };

  // A template may write a part of REPLY's text, without the white space around
  // it: then the tokens within that part stand, and those beside it for which
  // it writes the same bytes in another way.
  Placed WithReply(const RenderedPrompt& plain, const TextSpan& span,
                   size_t segment_first, size_t segment_last,
                   const Ids& reply) const {
    if (segment_first >= segment_last) {
      throw Error::Unsupported("two replies without a control token between");
    }
    const Tokenizer& tokenizer = *protocol_.tokenizer();
    std::string generated;
    std::vector<size_t> begins;
    for (const TokenId id : reply) {
      begins.push_back(generated.size());
      generated += tokenizer.TokenBytes(id);
    }
    begins.push_back(generated.size());
    const std::string text =
        plain.text.substr(span.begin, span.end - span.begin);
    const size_t at = generated.find(text);
    if (at == std::string::npos || text.empty()) return {};
    size_t first = 0;
    while (begins[first] < at) ++first;
    size_t last = reply.size();
    while (begins[last] > at + text.size()) --last;
    if (first >= last) return {};
    const size_t begin = plain.ids[segment_first].source.begin;
    const size_t end = plain.ids[segment_last - 1].source.end;
    // Where byte K of what was generated stands in the rendering, if it does.
    const auto place = [&](size_t k) { return span.begin + k - at; };
    const auto same = [&](size_t token) {
      const size_t size = begins[token + 1] - begins[token];
      return span.begin + begins[token] >= begin + at &&
             place(begins[token]) + size <= end &&
             plain.text.compare(place(begins[token]), size, generated,
                                begins[token], size) == 0;
    };
    while (first > 0 && begins[first] <= at && same(first - 1)) --first;
    while (last < reply.size() && begins[last] >= at + text.size() &&
           same(last)) {
      ++last;
    }
    const size_t ids_begin = place(begins[first]);
    const size_t ids_end = place(begins[last]);
    Placed placed;
    placed.whole = first == 0 && last == reply.size();
    placed.ids = tokenizer.Encode(plain.text.substr(begin, ids_begin - begin));
    placed.ids.insert(placed.ids.end(),
                      reply.begin() + static_cast<ptrdiff_t>(first),
                      reply.begin() + static_cast<ptrdiff_t>(last));
    const Ids tail =
        tokenizer.Encode(plain.text.substr(ids_end, end - ids_end));
    placed.ids.insert(placed.ids.end(), tail.begin(), tail.end());
    return placed;
  }

  void Check(bool holds, const char* what) {
    if (holds) return;
    if (++account_.violations > 20) return;
    std::printf("chat %llu, turn %d: %s\n",
                static_cast<unsigned long long>(seed_), turn_, what);
  }

  const TurnProtocol& protocol_;
  ForwardModel& inner_;
  CountingModel model_;
  Conversation conversation_;
  Random random_;
  uint64_t seed_;
  bool keep_ids_;
  Account& account_;
  int turn_ = 0;
  // Since the last prompt that was not refused: whether something was edited,
  // and whether a reply was met again that has other ids than it was generated
  // as.
  bool edited_ = false;
  bool encoded_otherwise_ = false;
  // Whether the last prompt and its reply do not begin this prompt.
  bool written_otherwise_ = false;
  std::string text_, last_text_;
  std::map<size_t, Ids> generated_;  // by message
  std::map<size_t, bool> verbatim_;
  std::set<size_t> unmet_;  // replies that no prompt has held yet
};

// A table in the model's place: behind each text a few tokens of the whole
// vocabulary, or an end.
TableModel RandomTable(const TurnProtocol& protocol, int32_t context) {
  const size_t size = protocol.tokenizer()->size();
  return TableModel(static_cast<int32_t>(size), context,
                    [&protocol, size](std::span<const TokenId> ids) {
                      uint64_t hash = ids.size();
                      for (const TokenId id : ids)
                        hash = hash * 1'099'511'628'211 + id;
                      Random random(hash);
                      std::vector<float> logits(size, 0.0f);
                      for (float logit = 14; logit < 20; ++logit) {
                        logits[random() % size] = logit;
                      }
                      for (const Stop& stop : protocol.stops().stops) {
                        logits[static_cast<size_t>(stop.id)] =
                            Chance(random, 10) ? 21 : 13;
                      }
                      return logits;
                    });
}

// The random model NAME with SIZE tokens; its folder is made in a new one,
// which goes away.
std::unique_ptr<ForwardModel> TinyForward(const std::string& name, size_t size,
                                          int32_t context) {
  for (TinyModel& model : ReadTinyModels()) {
    if (model.name != name || model.tensors.is_null()) continue;
    auto& config = model.config.contains("text_config")
                       ? model.config["text_config"]
                       : model.config;
    for (auto& tensor : model.tensors) {
      const std::string part = tensor[0];
      for (const char* table :
           {"embed_tokens", "tok_embeddings", "lm_head", "output.weight"}) {
        if (part.find(table) == std::string::npos) continue;
        tensor[1][0] = size;
        break;
      }
    }
    for (const char* field : {"vocab_size", "vocab_size_per_layer_input"}) {
      if (config.contains(field)) config[field] = size;
    }
    std::string folder =
        std::filesystem::temp_directory_path() / "tiny_chat.XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) break;
    const ModelFile file =
        ReadModelFolder(HfFolder::Open(WriteTinyModel(model, folder)));
    std::filesystem::remove_all(folder);  // what is mapped stays
    return LoadModel(file, {.context_length = context, .threads = 1});
  }
  throw Error::NotFound("there is no tiny model " + name);
}

// How many tokens the template itself writes around a message.
int32_t TemplateLength(const TurnProtocol& protocol) {
  RenderRequest request;
  request.messages = {{{"role", "user"}, {"content", ""}}};
  return static_cast<int32_t>(Render(protocol, request).ids.size());
}

int Run(const std::vector<std::string>& words) {
  const int32_t context =
      kContext + TemplateLength(LoadedModel(words.at(0)).protocol());
  LoadedModel model(words.at(0), {}, {.context_length = context, .threads = 2});
  const uint64_t chats = std::stoull(words.at(1));
  const uint64_t seed = std::stoull(words.at(2));
  const TurnProtocol& protocol = model.protocol();
  TableModel table = RandomTable(protocol, context);
  const bool use_table = words.size() > 3 && words[3] == "--table";
  std::unique_ptr<ForwardModel> tiny;
  if (words.size() > 4 && words[3] == "--tiny") {
    tiny = TinyForward(words[4], protocol.tokenizer()->size(), context);
  }
  ForwardModel& forward = use_table ? table : tiny ? *tiny : model.forward();
  Account kept;
  Account encoded;
  for (uint64_t i = 0; i < chats; ++i) {
    Chat(protocol, forward, seed + i, true, &kept).Run();
    Chat(protocol, forward, seed + i, false, &encoded).Run();
    if ((i + 1) % 20 == 0 && !use_table) {
      std::fprintf(stderr, "%llu chats\n",
                   static_cast<unsigned long long>(i + 1));
    }
  }
  Print(kept, encoded);
  return kept.violations + encoded.violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fullstop

int main(int count, char** words) {
  try {
    return fullstop::Run({words + 1, words + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chat_cache_driver: %s\n", error.what());
    return 2;
  }
}
