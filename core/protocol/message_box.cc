#include "core/protocol/message_box.h"

namespace core {

inline void MessagePool::make_empty(Message& message) {
    switch (message.index()) {
        case place<ProduceRequest>():
            return clear(std::get_if<ProduceRequest>(&message)->partitions);
        case place<ProduceResponse>():
            std::get_if<ProduceResponse>(&message)->partitions.clear();
            return;
        case place<FetchRequest>():
            std::get_if<FetchRequest>(&message)->partitions.clear();
            std::get_if<FetchRequest>(&message)->forgotten.clear();
            return;
        case place<FetchResponse>():
            std::get_if<FetchResponse>(&message)->error = ErrorCode::none;
            return clear(std::get_if<FetchResponse>(&message)->partitions);
        default:
            UNREACHABLE();
    }
}

void MessageBox::give_back(Slot* slot) noexcept {
    MessagePool* const home = slot->home;
    if (home == nullptr) return discard(slot);
    const std::size_t kind = slot->message.index();
    ASSERT(kind < MessagePool::kKinds);
    slot->next = home->free_[kind];
    home->free_[kind] = slot;
    MessagePool::make_empty(slot->message);
}

void MessageBox::discard(Slot* slot) noexcept {
    delete slot;
}

void MessagePool::make(Message message) {
    const std::size_t kind = message.index();
    slots_.push_back(MessageBox::Slot{std::move(message), this, free_[kind]});
    free_[kind] = &slots_.back();
}

}  // namespace core
