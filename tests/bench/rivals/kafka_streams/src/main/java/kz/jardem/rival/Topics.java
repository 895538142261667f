package kz.jardem.rival;

/** The topics that are read and written. The first three are the contract's, the others our own. */
final class Topics {
    static final String FACTS = "portal.phone-registered.v1";
    static final String AWARDS = "registry.title-awarded.v1";
    static final String DECISIONS = "benefit.decided.v1";

    static final String ANSWERS = "streams.answers.v1";
    static final String MESSAGES = "streams.messages.v1";
    static final int PARTITIONS = 4;

    private Topics() {}
}
