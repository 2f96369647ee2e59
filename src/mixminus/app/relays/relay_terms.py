"""`<ConversationRelay>` as the terms of a session: the one table between the two."""

from dataclasses import replace

from mixminus.relay.terms import BEGIN_FRAMES, INPUTS, Hearer, Speaker, Terms
from mixminus.twiml.effects import RelayAttributes, RelayLanguage


def relay_terms(said: RelayAttributes) -> Terms:
    """What is agreed from the beginning."""
    speaker = Speaker(said.tts_language, said.tts_provider, said.voice)
    hearer = Hearer(
        said.transcription_language,
        said.transcription_provider,
        said.speech_model,
        said.hints,
        said.smart_format,
        said.profanity_filter,
        said.eot_threshold,
    )
    speakers = {one.code.lower(): _speaker(one, speaker) for one in said.languages}
    hearers = {one.code.lower(): _hearer(one, hearer) for one in said.languages}
    return Terms(
        url=said.url,
        parameters=said.parameters,
        greeting=said.welcome_greeting,
        greeting_interruptible=INPUTS[said.welcome_greeting_interruptible],
        # A <Language> knows more about the first language than the element's own attributes, where those are silent.
        speaker=speakers.get(speaker.language.lower(), speaker) if said.voice is None else speaker,
        hearer=hearers.get(hearer.language.lower(), hearer) if said.speech_model is None else hearer,
        speakers=speakers,
        hearers=hearers,
        interruptible=INPUTS[said.interruptible],
        reported=INPUTS[said.report_input],
        preemptible=said.preemptible,
        ignores_backchannel=said.ignore_backchannel,
        begin_frames=BEGIN_FRAMES[said.interrupt_sensitivity],
        speech_timeout_ms=said.speech_timeout_ms,
        sends_partial_prompts=said.partial_prompts,
        sends_dtmf=said.dtmf_detection,
        tells_speakers="speaker-events" in said.told,
        tells_tokens="tokens-played" in said.told,
        tells_delays="debugging" in said.told,
    )


def _speaker(said: RelayLanguage, usual: Speaker) -> Speaker:
    return Speaker(said.code, said.tts_provider or usual.provider, said.voice)


def _hearer(said: RelayLanguage, usual: Hearer) -> Hearer:
    return replace(
        usual,
        language=said.code,
        provider=said.transcription_provider or usual.provider,
        model=said.speech_model,
        hints=usual.hints if said.hints is None else said.hints,
        smart_format=usual.smart_format if said.smart_format is None else said.smart_format,
    )
