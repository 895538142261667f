package kz.jardem.rival;

import java.math.BigInteger;

/** The check of an account. */
final class Iban {
    private static final BigInteger MODULUS = BigInteger.valueOf(97);

    private Iban() {}

    /** Whether it is an IBAN of Kazakhstan, right by its check digits. */
    static boolean isRight(String text) {
        if (!text.matches("KZ[0-9]{2}[0-9A-Z]{16}")) {
            return false;
        }
        StringBuilder digits = new StringBuilder();
        (text.substring(4) + text.substring(0, 4)).chars().forEach(sign -> digits.append(Character.digit(sign, 36)));
        return new BigInteger(digits.toString()).mod(MODULUS).equals(BigInteger.ONE);
    }
}
