#include "fullstop/fullstop.h"

#include <utility>

#include "base/error.h"
#include "engine/conversation.h"
#include "engine/loaded_model.h"
#include "engine/sampling_defaults.h"
#include "generate/end.h"
#include "protocol/show.h"

namespace fullstop {
namespace {

// Runs F; the library's own error becomes the public one.
template <typename F>
auto Public(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const Error& error) {
    throw ChatError(std::string(ErrorKindName(error.kind())), error.what());
  }
}

class CallbackObserver : public ReplyObserver {
 public:
  explicit CallbackObserver(const Chat::OnText& on_text) : on_text_(&on_text) {}

  bool Cancelled() override { return cancelled_; }
  void OnStep(const GenerationStep& step, const StopMachine&) override {
    for (const Piece& piece : step.pieces) {
      const bool shown = piece.section != Section::kThought &&
                         piece.section != Section::kHeader;
      if (shown && *on_text_ && !(*on_text_)(piece.bytes)) cancelled_ = true;
    }
  }

 private:
  const Chat::OnText* on_text_;
  bool cancelled_ = false;
};

}  // namespace

struct ChatModel::Data {
  Data(const std::string& name, const ResolveOptions& resolve,
       const ModelOptions& compute)
      : model(name, resolve, compute) {}
  LoadedModel model;
};

ChatModel::ChatModel(const std::string& model,
                     const ChatModelOptions& options) {
  data_ = Public([&] {
    ResolveOptions resolve;
    if (options.chat_template) {
      resolve.template_override =
          TemplateFact{"default", *options.chat_template,
                       Source{Provenance::kUser, "chat_template"}};
    }
    ModelOptions compute;
    compute.context_length = options.context_length;
    compute.threads = options.threads;
    return std::make_unique<Data>(model, resolve, compute);
  });
}

ChatModel::ChatModel(ChatModel&&) noexcept = default;
ChatModel& ChatModel::operator=(ChatModel&&) noexcept = default;
ChatModel::~ChatModel() = default;

std::string ChatModel::ProtocolJson() const {
  return Public([&] {
    return ToJson(data_->model.protocol().facts())
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  });
}

std::vector<int32_t> ChatModel::Tokenize(std::string_view text) const {
  return Public([&] { return data_->model.tokenizer().Encode(text); });
}

std::string ChatModel::Detokenize(const std::vector<int32_t>& ids) const {
  return Public([&] {
    const Tokenizer& tokenizer = data_->model.tokenizer();
    for (const int32_t id : ids) {
      if (id < 0 || static_cast<size_t>(id) >= tokenizer.size()) {
        throw Error::Usage("id " + std::to_string(id) +
                           " is not in the vocabulary");
      }
    }
    return tokenizer.Decode(ids);
  });
}

struct Chat::Data {
  Data(LoadedModel& model, GenerationOptions generation)

      : conversation(model.protocol(), model.forward()),
        options(std::move(generation)) {}
  Conversation conversation;
  GenerationOptions options;
};

Chat::Chat(ChatModel& model, const ChatOptions& options) {
  data_ = Public([&] {
    LoadedModel& loaded = model.data_->model;
    GenerationOptions generation;
    SamplingParams& sampling = generation.sampling;
    ApplySamplingDefaults(loaded.protocol().facts().sampling, &sampling);
    if (options.temperature) sampling.temp = *options.temperature;
    if (options.top_p) sampling.top_p = *options.top_p;
    if (options.min_p) sampling.min_p = *options.min_p;
    sampling.seed = options.seed;
    ValidateSamplingParams(sampling);
    generation.stops.stop_strings = options.stop;
    generation.stops.max_tokens = options.max_tokens;
    generation.suppress = loaded.suppressed();
    auto data = std::make_unique<Data>(loaded, std::move(generation));
    if (!options.system.empty()) {
      data->conversation.messages().push_back(
          {{"role", "system"}, {"content", options.system}});
    }
    return data;
  });
}

Chat::~Chat() = default;

ChatReply Chat::Send(const std::string& message, const OnText& on_text) {
  return Public([&] {
    Conversation& conversation = data_->conversation;
    const size_t before = conversation.messages().size();
    conversation.messages().push_back({{"role", "user"}, {"content", message}});
    CallbackObserver observer(on_text);
    Turn turn;
    try {
      turn = conversation.Reply(data_->options, observer);
    } catch (const Error&) {
      conversation.Truncate(before);
      throw;
    }
    ++data_->options.sampling.seed;
    ChatReply reply;
    reply.text = std::move(turn.reply.text);
    reply.reasoning = std::move(turn.reply.said.reasoning);
    reply.cause = EndCauseName(turn.reply.end.cause);
    reply.end_id = turn.reply.end.id;
    reply.end = DescribeEnd(turn.reply.end);
    reply.prompt_tokens = static_cast<uint64_t>(turn.reply.prompt_tokens);
    reply.completion_tokens = turn.reply.usage.completion_tokens;
    return reply;
  });
}

std::string Chat::MessagesJson() const {
  return Public([&] {
    return data_->conversation.messages().dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
  });
}

}  // namespace fullstop
